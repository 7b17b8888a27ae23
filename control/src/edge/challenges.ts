/**
 * Where the certificate authority looks for the proof that a name is ours (RFC 8555, 8.3): files that control writes
 * into `edge/challenges`. Served for every name on plain HTTP, also for one that has no site yet.
 */
export const ACME_CHALLENGE = `location ~ ^/\\.well-known/acme-challenge/(?<token>[A-Za-z0-9_-]+)$ {
  default_type application/octet-stream;
  alias /etc/cascata/challenges/$token;
}`

/** What an authority may name a challenge: it becomes a file's name. */
export const CHALLENGE_TOKEN = /^[A-Za-z0-9_-]{1,250}$/
