import { useCallback, useEffect, useRef, useState } from 'react'
import type { UploadView } from '../../contract/uploadSchemas.ts'
import { asRefusal, path, Refusal, send } from '../api/send.ts'

/** A request takes no more: proxies cut long ones off */
const chunkBytes = 64 << 20
/** Waits between tries that brought nothing: two minutes in all, long enough for a restart of the server */
const retryDelays = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000]

export type UploadState =
  | { kind: 'none' }
  | { kind: 'sending'; file: File; doneBytes: number; paused: boolean }
  | { kind: 'checking'; file: File }
  | { kind: 'ready'; file: File; id: string; sha256: string }
  | { kind: 'failed'; file: File; error: Refusal }

interface Running {
  abort(): Promise<void>
  resume(): void
}

/**
 * Sends one file so that nothing has to be sent twice: after a lost connection it goes on by itself, after a reload when the same
 * file is chosen again. The server checks the SHA-256 of the whole.
 */
export function useUpload(): {
  state: UploadState
  begin(file: File): void
  pause(): void
  resume(): void
  clear(): void
} {
  const [state, setState] = useState<UploadState>({ kind: 'none' })
  const running = useRef<Running | null>(null)

  const isUnderWay = state.kind === 'sending' || state.kind === 'checking'
  useEffect(() => {
    if (!isUnderWay) return
    const ask = (event: Event): void => event.preventDefault() // the browser asks before it leaves the page
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isUnderWay])

  const begin = useCallback((file: File): void => {
    setState({ kind: 'sending', file, doneBytes: 0, paused: false })
    void sendFile(file, {
      onStart: (upload) => (running.current = upload),
      onProgress: (doneBytes) => setState((now) => (now.kind === 'sending' && now.file === file ? { ...now, doneBytes } : now)),
      onChecking: () => setState((now) => (isOf(now, file) ? { kind: 'checking', file } : now)),
    }).then(
      ({ id, sha256 }) => setState((now) => (isOf(now, file) ? { kind: 'ready', file, id, sha256: sha256 ?? '' } : now)),
      (error: unknown) => setState((now) => (isOf(now, file) ? { kind: 'failed', file, error: asRefusal(error) } : now)),
    )
  }, [])
  const setPaused = (paused: boolean): void => setState((now) => (now.kind === 'sending' ? { ...now, paused } : now))
  return {
    state,
    begin,
    pause: () => void running.current?.abort().then(() => setPaused(true)),
    resume() {
      setPaused(false)
      running.current?.resume()
    },
    clear() {
      void running.current?.abort()
      running.current = null
      setState({ kind: 'none' })
    },
  }
}

function isOf(state: UploadState, file: File): boolean {
  return state.kind !== 'none' && state.file === file
}

interface Told {
  onStart(upload: Running): void
  onProgress(doneBytes: number): void
  onChecking(): void
}

async function sendFile(file: File, told: Told): Promise<UploadView> {
  if (file.size === 0) throw refused(`"${file.name}" is empty`)
  const hashing = hashFile(file)
  hashing.catch(() => {}) // told when it is awaited
  const { Upload } = await import('tus-js-client')
  const url = await new Promise<string>((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: '/v1/uploads',
      chunkSize: chunkBytes,
      retryDelays,
      metadata: { filename: file.name },
      removeFingerprintOnSuccess: true,
      onShouldRetry: (error) => mayHelp(error),
      onProgress: (doneBytes) => told.onProgress(doneBytes),
      onSuccess: () => resolve(upload.url ?? ''),
      onError: (error) => reject(wordFailure(error)),
    })
    told.onStart({ abort: () => upload.abort(), resume: () => upload.start() })
    void upload.findPreviousUploads().then(([earlier]) => {
      if (earlier !== undefined) upload.resumeFromPreviousUpload(earlier)
      upload.start()
    }, reject)
  })
  told.onChecking()
  const id = decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))
  const sha256 = await hashing
  return again(() => send<UploadView>('POST', path('/v1/uploads/:id/finish', { id }), { sha256 }))
}

/** As the upload itself: a connection that is lost behind its last byte is waited for. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (const delayMs of retryDelays) {
    try {
      return await ask()
    } catch (error) {
      if (asRefusal(error).code !== 'SERVER_UNREACHABLE') throw error
      await new Promise((resolve) => void setTimeout(resolve, delayMs))
    }
  }
  return ask()
}

function hashFile(file: File): Promise<string> {
  const worker = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<string>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<{ sum?: string; error?: string }>) => {
      if (data.sum === undefined) reject(refused(`"${file.name}" cannot be read: ${data.error ?? ''}`))
      else resolve(data.sum)
    })
    worker.addEventListener('error', (event) => reject(refused(event.message)))
    worker.postMessage(file)
  }).finally(() => worker.terminate())
}

function refused(detail: string): Refusal {
  return new Refusal({ code: 'INPUT_INVALID', detail, hint: 'Choose the file again', status: 0 })
}

/** Not to try again is right where the server said no for good; a browser that thinks itself offline is tried again. */
function mayHelp(error: unknown): boolean {
  const { originalResponse: answer = null } = error as { originalResponse?: { getStatus(): number } | null }
  const status = answer?.getStatus() ?? 0
  return status < 400 || status === 409 || status === 423 || status >= 500
}

/** The server's own words, where it answered; else that it did not. */
function wordFailure(error: Error): Refusal {
  const { originalResponse: answer = null } = error as { originalResponse?: { getStatus(): number; getBody(): string } | null }
  const status = answer?.getStatus() ?? 0
  try {
    return new Refusal({ ...(JSON.parse(answer?.getBody() ?? '') as Refusal & { detail: string }), status })
  } catch {
    return new Refusal({
      code: 'SERVER_UNREACHABLE',
      detail: 'The upload was cut off, and Cairn could not be reached again',
      hint: 'Choose the same file again: it goes on where it stopped',
      status,
    })
  }
}
