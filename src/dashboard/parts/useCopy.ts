import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { copyText } from './copyText.ts'

const saidMs = 3000

/** Copies, and says for a moment that it did; where a browser forbids it, a toast says so. */
export function useCopy(): { copied: boolean; copy: (text: string) => Promise<void> } {
  const [copied, setCopied] = useState(false)
  return {
    copied,
    async copy(text) {
      if (!(await copyText(text))) {
        notifications.show({
          title: 'The browser did not let it be copied',
          message: 'Select the text and copy it by hand',
          color: 'red',
        })
        return
      }
      setCopied(true)
      setTimeout(() => setCopied(false), saidMs)
    },
  }
}
