import { Checkbox, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { Rocket } from 'lucide-react'
import { useState } from 'react'
import type { DeployInput } from '../../../contract/managedSchemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'

/** Dev's code into test, test's into live. */
export function Deploy({ place, size = 'sm' }: { place: Place; size?: string }) {
  const { site, environment } = place
  const from = environment === 'live' ? 'test' : 'dev'
  const [opened, { open, close }] = useDisclosure()
  const [note, setNote] = useState('')
  const [updateDatabase, setUpdateDatabase] = useState(false)
  const [clearCache, setClearCache] = useState(true)
  const [syncContent, setSyncContent] = useState(false)
  const navigate = useNavigate()
  const deploy = useStart((input: DeployInput) => send<Started>('POST', `${environmentPath(place)}/deploy`, input), {
    inForm: true,
    onStarted({ id }) {
      close()
      void navigate({ to: '/workflows/$id', params: { id } })
    },
  })
  const live = environment === 'live'
  return (
    <>
      <ActionButton
        action="environment.deploy"
        {...place}
        onClick={open}
        size={size}
        leftSection={<Rocket size={16} aria-hidden />}
      >
        Deploy {from} to {environment}
      </ActionButton>
      <ConfirmModal
        opened={opened}
        onClose={close}
        title={`Deploy ${from} to ${environment}`}
        {...(live
          ? {
              warning: `This replaces the code of ${site}.live. A backup of the present state is taken first, and Undo takes the deploy back.`,
            }
          : {})}
        typed={live ? `${site}.live` : null}
        button={`Deploy to ${environment}`}
        color="moss"
        busy={deploy.isPending}
        error={deploy.error}
        onConfirm={(typed) =>
          deploy.mutate({
            ...(note === '' ? {} : { note }),
            ...{ updateDatabase, clearCache },
            ...(syncContent ? { syncContent } : {}),
            ...(live ? { confirm: typed } : {}),
          })
        }
      >
        <Text size="sm">
          The code of {from} is made ready beside {environment}, tried out, and switched to at once. Files and database of{' '}
          {environment} stay, except the first time.
        </Text>
        <TextInput
          label="What is deployed"
          description="The message of the tag"
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Checkbox
          label="Run the framework's database updates"
          description="On a copy; visitors get a 503 until the switch"
          checked={updateDatabase}
          onChange={(event) => setUpdateDatabase(event.currentTarget.checked)}
        />
        <Checkbox
          label="Clear the caches"
          checked={clearCache}
          onChange={(event) => setClearCache(event.currentTarget.checked)}
        />
        {environment === 'test' && (
          <Checkbox
            label="Bring database and files of live along"
            checked={syncContent}
            onChange={(event) => setSyncContent(event.currentTarget.checked)}
          />
        )}
      </ConfirmModal>
    </>
  )
}
