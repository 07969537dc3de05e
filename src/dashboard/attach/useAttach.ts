import { useState } from 'react'
import type { Attached, AttachInput, DetectInput, Detection } from '../../contract/schemas.ts'
import { environmentPath, type Place } from '../api/queries.ts'
import { send } from '../api/send.ts'
import { useChange } from '../api/useChange.ts'
import { type More, nothingMore, readOverrides } from './AttachMore.tsx'

export interface Attaching {
  directory: string
  more: More
  /** What the directory holds; null until it was looked at, and again once something else is typed */
  found: Detection | null
  busy: boolean
  /** Why looking, or attaching, was refused last */
  error: unknown
  setDirectory(directory: string): void
  setMore(part: Partial<More>): void
  /** Looks first; attaches what was shown the second time */
  next(): void
  /** As if nothing had been typed */
  reset(): void
}

interface Options {
  place: Place
  /** What is typed at first @default {''} */
  directory?: string
  /** It is attached already */
  again?: boolean
  /** One sentence, when it is done */
  said: string
  onAttached: () => void
}

/** Attaches an environment in two steps: what its directory holds is shown before anything is kept. */
export function useAttach({ place, directory: first = '', again = false, said, onAttached }: Options): Attaching {
  const [directory, setDirectory] = useState(first)
  const [more, setMore] = useState<More>(nothingMore)
  const [found, setFound] = useState<Detection | null>(null)
  const detect = useChange((input: DetectInput) => send<Detection>('POST', '/v1/detect', input), {
    ...{ inForm: true, forget: ['nothing'] },
    onDone: setFound,
  })
  const attach = useChange((input: AttachInput) => send<Attached>('POST', environmentPath(place), input), {
    ...{ inForm: true, said, onDone: onAttached },
  })
  const forget = (): void => {
    setFound(null)
    attach.reset()
  }
  return {
    ...{ directory, more, found },
    busy: detect.isPending || attach.isPending,
    error: detect.error ?? attach.error,
    setDirectory(typed) {
      setDirectory(typed)
      forget()
    },
    setMore(part) {
      setMore((now) => ({ ...now, ...part }))
      forget()
    },
    next() {
      const overrides = readOverrides(more)
      if (found === null) detect.mutate({ path: directory, overrides })
      else attach.mutate({ path: directory, ...overrides, ...(again ? { again } : {}) })
    },
    reset() {
      setDirectory(first)
      setMore(nothingMore)
      forget()
      detect.reset()
    },
  }
}
