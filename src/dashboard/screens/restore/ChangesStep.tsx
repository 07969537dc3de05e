import { Alert, Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ShieldCheck, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { BackupView, RestoreInput } from '../../../contract/schemas.ts'
import type { Element } from '../../../contract/words.ts'
import type { Previewed, Started } from '../../../contract/workSchemas.ts'
import { environmentPath, environmentQuery, overviewQuery } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { useNow } from '../../parts/Moment.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { TypedName } from '../../parts/TypedName.tsx'
import { elementWords, listText } from '../../words/elements.ts'
import { spanText } from '../../words/time.ts'
import { PlanTable } from './PlanTable.tsx'
import { safePath } from './safePath.ts'

interface Props {
  backup: BackupView
  elements: Element[]
  target: string
  onBack: () => void
  onTarget: (target: string) => void
  onStarted: (workflow: string) => void
}

/** What a restore would change, tried out without changing anything; then the button. */
export function ChangesStep({ backup, elements, target, onBack, onTarget, onStarted }: Props) {
  const [site = '', environment = ''] = target.split('.')
  const place = { site, environment }
  const live = environment === 'live'
  const [safetyBackup, setSafetyBackup] = useState(true)
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const [typed, setTyped] = useState('')
  const elsewhere = target !== `${backup.site}.${backup.environment}`
  const managed = useQuery(environmentQuery(place)).data?.managed != null
  const plan = useQuery({
    queryKey: ['preview', backup.id, target, elements],
    queryFn: ({ signal }) =>
      send<Previewed>('POST', `${environmentPath(place)}/restore`, { backup: backup.id, elements, dryRun: true }, signal),
    staleTime: 60_000,
    retry: false,
  })
  const restore = useStart((input: RestoreInput) => send<Started>('POST', `${environmentPath(place)}/restore`, input), {
    inForm: true,
    quiet: true,
    onStarted: ({ id }) => onStarted(id),
  })
  const words = listText(elements.map((element) => elementWords[element].toLowerCase()))
  return (
    <Stack pt="md">
      <Alert color="orange" icon={<TriangleAlert size={18} aria-hidden />} title="A restore is destructive">
        It wipes {words} of {target} and puts what the backup holds in their place. <Younger backup={backup} target={target} />
      </Alert>
      {live && <LiveAdvice site={site} isManaged={managed} onTarget={onTarget} />}
      <Loaded query={plan} rows={4}>
        {({ plan: found }) => <PlanTable plan={found} />}
      </Loaded>
      <Checkbox
        label="Take a backup of the present state first"
        description="Recommended: what is there now can be brought back from it"
        checked={safetyBackup}
        onChange={(event) => setSafetyBackup(event.currentTarget.checked)}
      />
      {elsewhere && managed && elements.includes('database') && (
        <Checkbox
          label={`Addresses become those of ${target}`}
          checked={replaceAddresses}
          onChange={(event) => setReplaceAddresses(event.currentTarget.checked)}
        />
      )}
      {live && <TypedName name={target} value={typed} onChange={setTyped} />}
      {restore.isError && <Problem error={restore.error} />}
      <Group justify="space-between">
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
        <ActionButton
          action="environment.restore"
          {...place}
          color="red"
          loading={restore.isPending}
          blocked={live && typed !== target ? `Type ${target} first` : null}
          onClick={() => {
            if (restore.isPending || restore.isSuccess) return
            restore.mutate({
              ...{ backup: backup.id, elements, safetyBackup },
              ...(elsewhere && managed ? { replaceAddresses } : {}),
              ...(live ? { confirm: typed } : {}),
            })
          }}
        >
          Restore {target}
        </ActionButton>
      </Group>
    </Stack>
  )
}

/** How much younger what is there is than what comes back. */
function Younger({ backup, target }: { backup: BackupView; target: string }) {
  const now = useNow()
  const { data } = useQuery(overviewQuery)
  const [site, environment] = target.split('.')
  const last = data?.sites.find(({ name }) => name === site)?.environments.find(({ name }) => name === environment)?.lastBackup
  const age = spanText(Math.max(0, now - Date.parse(backup.momentAt)))
  return (
    <>
      {target === `${backup.site}.${backup.environment}`
        ? `The backup is ${age} old: what was written to ${target} since then is not in it`
        : `The backup was taken from ${backup.site}.${backup.environment} ${age} ago: nothing of what ${target} has now is in it`}
      {last != null && Date.parse(last.momentAt) > Date.parse(backup.momentAt) && `, and there is a newer backup of ${target}`}.
    </>
  )
}

function LiveAdvice({ site, isManaged, onTarget }: { site: string; isManaged: boolean; onTarget: (target: string) => void }) {
  const { data } = useQuery(overviewQuery)
  const hasTest = data?.sites.find(({ name }) => name === site)?.environments.some(({ name }) => name === 'test') === true
  const { says, byTest } = safePath({ isManaged, hasTest })
  return (
    <Alert color="blue" icon={<ShieldCheck size={18} aria-hidden />} title="This is the live site">
      <Text size="sm">{says}</Text>
      {byTest && (
        <Button size="xs" mt="xs" onClick={() => onTarget(`${site}.test`)}>
          Take the safe path: restore to test
        </Button>
      )}
    </Alert>
  )
}
