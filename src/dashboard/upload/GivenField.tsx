import { Button, Group, Input, Progress, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { Dropzone } from '@mantine/dropzone'
import { FileArchive, Upload as UploadIcon } from 'lucide-react'
import { useEffect, useEffectEvent, useId, useState } from 'react'
import type { Given } from '../../contract/managedSchemas.ts'
import { Problem } from '../parts/Problem.tsx'
import { sizeText } from '../../contract/sizeText.ts'
import { useNoStrayDrop } from './useNoStrayDrop.ts'
import { type UploadState, useUpload } from './useUpload.ts'
import '@mantine/dropzone/styles.css'

interface Props {
  label: string
  description?: string
  required?: boolean
  /** What was given; null while there is nothing that can be used */
  onChange: (given: Given | null) => void
}

/** One archive, by its address or as a file: the switch begins at URL. What was given the other way is kept. */
export function GivenField({ label, description, required = false, onChange }: Props) {
  const [way, setWay] = useState<'URL' | 'File'>('URL')
  const [url, setUrl] = useState('')
  const upload = useUpload()
  useNoStrayDrop()
  const { state } = upload
  const id = useId()
  const tell = useEffectEvent(onChange)
  useEffect(() => {
    if (way === 'URL') tell(/^https?:\/\/\S+$/.test(url.trim()) ? { url: url.trim() } : null)
    else tell(state.kind === 'ready' ? { upload: state.id } : null)
  }, [way, url, state])
  const bad = url.trim() !== '' && !/^https?:\/\/\S+$/.test(url.trim())
  return (
    <Input.Wrapper
      id={id}
      label={label}
      labelElement="div"
      required={required}
      {...(description === undefined ? {} : { description })}
    >
      <Stack gap="xs" mt={4} role="group" aria-label={label}>
        <SegmentedControl
          data={['URL', 'File']}
          value={way}
          onChange={(value) => setWay(value === 'File' ? 'File' : 'URL')}
          w="fit-content"
          size="xs"
          aria-label={`${label}: URL or File`}
        />
        {way === 'URL' ? (
          <TextInput
            aria-label={`${label}: URL`}
            placeholder="https://…"
            type="url"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            error={bad ? 'An address that begins with http:// or https:// is wanted' : null}
            autoComplete="off"
          />
        ) : (
          <FileWay label={label} upload={upload} />
        )}
      </Stack>
    </Input.Wrapper>
  )
}

function FileWay({ label, upload }: { label: string; upload: ReturnType<typeof useUpload> }) {
  const { state, begin, pause, resume, clear } = upload
  if (state.kind === 'none') {
    return (
      <Dropzone
        onDrop={([file]: File[]) => {
          if (file !== undefined) begin(file)
        }}
        multiple={false}
        p="md"
        inputProps={{ 'aria-label': `${label}: File` }}
        aria-label={`${label}: choose a file`}
      >
        <Group gap="sm" justify="center" style={{ pointerEvents: 'none' }}>
          <UploadIcon size={20} aria-hidden />
          <Text size="sm">Drop the file here, or click to choose it</Text>
        </Group>
      </Dropzone>
    )
  }
  return (
    <Stack gap={6}>
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <FileArchive size={18} aria-hidden />
          <Text size="sm" className="anywhere">
            {state.file.name} ({sizeText(state.file.size)})
          </Text>
        </Group>
        <Group gap="xs">
          {state.kind === 'sending' && (
            <Button size="compact-xs" variant="default" onClick={state.paused ? resume : pause}>
              {state.paused ? 'Go on' : 'Pause'}
            </Button>
          )}
          {state.kind === 'failed' && (
            <Button size="compact-xs" variant="default" onClick={() => begin(state.file)}>
              Try again
            </Button>
          )}
          <Button size="compact-xs" variant="default" onClick={clear}>
            Another file
          </Button>
        </Group>
      </Group>
      {state.kind === 'failed' ? <Problem error={state.error} /> : <Advance label={label} state={state} />}
    </Stack>
  )
}

function Advance({ label, state }: { label: string; state: Exclude<UploadState, { kind: 'none' | 'failed' }> }) {
  const part = state.kind === 'sending' ? state.doneBytes / state.file.size : 1
  const said =
    state.kind === 'ready'
      ? 'Uploaded whole, and its SHA-256 is right'
      : state.kind === 'checking'
        ? 'Comparing the SHA-256'
        : `${Math.floor(part * 100)} %, ${sizeText(state.doneBytes)} of ${sizeText(state.file.size)}${state.paused ? ', paused' : ''}`
  return (
    <>
      <Progress value={part * 100} color={state.kind === 'ready' ? 'teal' : 'blue'} aria-label={`Upload of ${label}`} />
      <Text size="xs" c="dimmed">
        {said}
      </Text>
    </>
  )
}
