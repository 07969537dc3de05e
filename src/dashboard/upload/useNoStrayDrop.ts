import { useEffect } from 'react'

/** A file that is dropped beside its place would be opened by the browser in place of the page, and all that was typed be lost. */
export function useNoStrayDrop(): void {
  useEffect(() => {
    const ignore = (event: DragEvent): void => event.preventDefault()
    addEventListener('dragover', ignore)
    addEventListener('drop', ignore)
    return () => {
      removeEventListener('dragover', ignore)
      removeEventListener('drop', ignore)
    }
  }, [])
}
