import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { Check, Copy, Download, RefreshCw } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { BackupElementView, BackupView, LinkView } from '../../../contract/schemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { BusyButton } from '../../parts/BusyButton.tsx'
import { CopyLine } from '../../parts/Copy.tsx'
import { useCopy } from '../../parts/useCopy.ts'
import { Problem } from '../../parts/Problem.tsx'
import { sizeText } from '../../../contract/sizeText.ts'
import { spanText } from '../../words/time.ts'
import { commandsFor } from './commandsFor.ts'

/**
 * Direct Download, the link, and ready lines for a terminal. A link is made when it is wanted first, is good for an hour, and one
 * click makes it new; a download that was cut goes on with the new one.
 */
export function ArchivePanel({ backup, held }: { backup: BackupView; held: BackupElementView }) {
  const [link, setLink] = useState<LinkView | null>(null)
  const make = useChange(
    () => send<LinkView>('POST', path('/v1/backups/:id/links', { id: backup.id }), { element: held.element }),
    {
      inForm: true,
      forget: ['links'],
      onDone: setLink,
    },
  )
  const left = useLeft(link?.expiresAt ?? null)
  const current = link !== null && left > 0 ? link : null
  const withLink = async (): Promise<LinkView> => current ?? make.mutateAsync()
  const download = async (): Promise<void> => {
    const { url, fileName } = await withLink()
    const anchor = document.createElement('a')
    anchor.href = ownAddress(url)
    anchor.download = fileName
    document.body.append(anchor)
    anchor.click()
    anchor.remove()
  }
  const { copied, copy } = useCopy()
  const copyLink = async (): Promise<void> => copy((await withLink()).url)
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" className="anywhere">
        {held.fileName} · {sizeText(held.sizeBytes)}
      </Text>
      {held.holdsSecrets && (
        <Alert color="yellow" p="xs">
          It holds passwords and keys of the site: keep link and file to yourself.
        </Alert>
      )}
      {make.isError && <Problem error={make.error} />}
      <Group gap="xs">
        <BusyButton
          size="xs"
          leftSection={<Download size={14} aria-hidden />}
          onClick={() => void download().catch(() => {})}
          loading={make.isPending}
        >
          Direct Download
        </BusyButton>
        <Button
          size="xs"
          variant="default"
          leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          onClick={() => void copyLink().catch(() => {})}
        >
          {copied ? 'Copied' : 'Copy link'}
        </Button>
        {link === null && (
          <Button size="xs" variant="subtle" onClick={() => make.mutate()}>
            Lines for a terminal
          </Button>
        )}
      </Group>
      {link !== null && (
        <>
          <Group gap="xs" justify="space-between">
            <Text size="sm" role="status">
              {left > 0 ? `The link is good for ${spanText(left)} more` : 'The link has expired'}
            </Text>
            <BusyButton
              size="compact-xs"
              variant="default"
              leftSection={<RefreshCw size={12} aria-hidden />}
              loading={make.isPending}
              onClick={() => make.mutate()}
            >
              Renew
            </BusyButton>
          </Group>
          {current !== null &&
            commandsFor(current).map(({ label, line, remark }) => (
              <CopyLine key={label} label={label} value={line} {...(remark === undefined ? {} : { remark })} />
            ))}
        </>
      )}
      <Hash sha256={held.sha256} />
    </Stack>
  )
}

function Hash({ sha256 }: { sha256: string | null }) {
  const { copied, copy } = useCopy()
  if (sha256 === null) {
    return (
      <Text size="xs" c="dimmed">
        It has not been read back yet, so there is no SHA-256 to compare with.
      </Text>
    )
  }
  return (
    <Group gap={6} wrap="nowrap" align="center">
      <Text size="xs" className="anywhere">
        SHA-256 <Code>{sha256}</Code>
      </Text>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => void copy(sha256)}
        aria-label="Copy the SHA-256"
        style={{ flexShrink: 0 }}
      >
        {copied ? 'Copied' : 'Copy'}
      </Button>
    </Group>
  )
}

/** Milliseconds until then, looked at every few seconds. */
function useLeft(until: string | null): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (until === null) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 5000)
    return () => clearInterval(timer)
  }, [until])
  return until === null ? 0 : Date.parse(until) - now
}

/** The same file under the address at which this page is: a browser saves it under its own name there. */
function ownAddress(url: string): string {
  const { pathname } = new URL(url)
  return pathname.slice(pathname.indexOf('/download/'))
}
