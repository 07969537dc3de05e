import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** Hashes a file beside the page, while it is being sent: the server compares when it has all of it. */
self.addEventListener('message', (event: MessageEvent<File>) => {
  void hash(event.data).then(
    (sum) => self.postMessage({ sum }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  )
})

async function hash(file: File): Promise<string> {
  const running = sha256.create()
  const reader = file.stream().getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return bytesToHex(running.digest())
    running.update(value)
  }
}
