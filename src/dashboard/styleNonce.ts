/** The policy lets in only those styles that carry the word which came with the page. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content ?? ''
}

/** The part of the library that holds the page still behind a window asks for the word by this name. */
export function tellStyleNonce(): void {
  Object.assign(globalThis, { __webpack_nonce__: styleNonce() })
}
