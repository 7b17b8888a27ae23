/** Bounds on what a reader accepts before it has seen the signature: an archive may come from anybody. */
const MiB = 1024 * 1024

export const CAF_LIMITS = {
  /** The age header: 20 recipients take 2 KiB, post-quantum ones 36 KiB. */
  headerBytesMax: 64 * 1024,
  /** Any JSON entry; a digests.json of this size describes 4 TiB. */
  jsonBytesMax: 64 * MiB,
  entriesMax: 1_000_000,
  /** Unpacked bytes in all, when the caller knows no smaller bound (free disk space). */
  plainBytesMax: 8 * 1024 * 1024 * MiB,
  /** Unpacked to packed, counted after the first `ratioFreeBytes`. zstd itself ends at about 30,000. */
  ratioMax: 10_000,
  ratioFreeBytes: 1024 * MiB,
} as const
