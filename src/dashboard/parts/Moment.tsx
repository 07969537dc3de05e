import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { agoText, dayText, durationText, momentText, utcText } from '../words/time.ts'

const Now = createContext(Date.now())

/** One clock for the page, which ticks every fifteen seconds. */
export function Clock({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 15_000)
    return () => clearInterval(timer)
  }, [])
  return <Now value={now}>{children}</Now>
}
export const useNow = (): number => useContext(Now)

/** In the person's own zone; UTC when the mouse is on it. */
export function Moment({ at, only }: { at: string; only?: 'day' | 'ago' }) {
  const now = useNow()
  const text = only === 'day' ? dayText(at) : only === 'ago' ? agoText(at, Math.max(now, Date.parse(at))) : momentText(at)
  const title = only === 'ago' ? `${momentText(at)} · ${utcText(at)}` : utcText(at)
  return (
    <time dateTime={at} title={title}>
      {text}
    </time>
  )
}

export function InFuture({ at }: { at: string }) {
  return (
    <time dateTime={at} title={`${momentText(at)} · ${utcText(at)}`}>
      {agoText(at, useNow())}
    </time>
  )
}

/** How long it took, or takes: counting while it runs */
export function Elapsed({ from, to }: { from: string; to: string | null }) {
  const [, tick] = useState(0)
  useEffect(() => {
    if (to !== null) return
    const timer = setInterval(() => tick((n) => n + 1), 1000)
    return () => clearInterval(timer)
  }, [to])
  return <>{durationText((to === null ? Date.now() : Date.parse(to)) - Date.parse(from))}</>
}
