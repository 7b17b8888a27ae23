/** A captcha service of the tests' own, in which nothing of the product is. */
export { CAPTCHA_SECRET, type CaptchaService, startCaptcha } from '@cascata/runtime/auth/captcha-harness'
