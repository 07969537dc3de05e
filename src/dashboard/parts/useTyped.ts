import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'

const restMs = 250

/**
 * A field whose text stands in the address: the address follows when nothing was typed for a moment, and the field follows where the
 * address is changed by something else, as by the back button.
 *
 * @param value what stands in the address
 * @param onRest told what was typed; undefined for nothing
 */
export function useTyped(
  value: string,
  onRest: (text: string | undefined) => void,
): [typed: string, type: (text: string) => void] {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  const tell = useDebouncedCallback((text: string) => {
    told.current = text.trim()
    onRest(told.current || undefined)
  }, restMs)
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setTyped(value)
  }, [value])
  return [
    typed,
    (text) => {
      setTyped(text)
      tell(text)
    },
  ]
}
