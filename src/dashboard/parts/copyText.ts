/**
 * Puts text into the clipboard. Browsers offer theirs to pages that come by https or from this machine only; elsewhere the old way is
 * taken, which needs a press of a button just before.
 *
 * @returns whether it is there now
 */
export async function copyText(text: string): Promise<boolean> {
  const { clipboard } = navigator as { clipboard?: Clipboard }
  try {
    if (clipboard !== undefined) {
      await clipboard.writeText(text)
      return true
    }
  } catch {
    // forbidden by the browser or its person
  }
  return copyOldWay(text)
}

function copyOldWay(text: string): boolean {
  const before = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.className = 'visually-hidden'
  document.body.append(field)
  field.select()
  const isDone = document.execCommand('copy')
  field.remove()
  if (before instanceof HTMLElement) before.focus()
  return isDone
}
