/** Names and paths come from sites that may be hacked: what would steer a terminal is written out instead. */
export function safeText(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
