/** A mail server of the tests' own, and a certificate that nobody trusts unless told to. */
export { type SmtpHarness, selfSigned, startSmtp } from '@cascata/runtime/auth/mail/smtp-harness'
