import { Stack, Stepper, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type RefObject, useEffect, useRef } from 'react'
import type { BackupView } from '../../../contract/schemas.ts'
import { backupQuery } from '../../api/queries.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { ChangesStep } from './ChangesStep.tsx'
import { ElementsStep } from './ElementsStep.tsx'
import { RunStep } from './RunStep.tsx'
import { TargetStep } from './TargetStep.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/backups/$backup/restore')
const steps = ['elements', 'target', 'changes', 'run'] as const
type Step = (typeof steps)[number]

/** The restore wizard. Where one is and what was chosen stands in the address: it can be reloaded and sent to somebody. */
export function Restore() {
  const { site, environment, backup: id } = route.useParams()
  const query = useQuery(backupQuery(id))
  return (
    <Stack maw={900}>
      <div>
        <AnchorLink to="/sites/$site/$environment/backups/log" params={{ site, environment }} size="sm">
          Backup Log
        </AnchorLink>
        <Title order={2} size="h3">
          Restore
        </Title>
      </div>
      <Loaded query={query}>{(backup) => <Wizard backup={backup} />}</Loaded>
    </Stack>
  )
}

/** The button that led to a step is gone with the one before it: the keyboard goes on at the new one. */
function useFocusAt(step: number): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null)
  const shown = useRef(step)
  useEffect(() => {
    if (shown.current !== step) place.current?.focus()
    shown.current = step
  }, [step])
  return place
}

function Wizard({ backup }: { backup: BackupView }) {
  const { step = 'elements', elements, to, workflow } = route.useSearch()
  const { site, environment } = route.useParams()
  const navigate = route.useNavigate()
  const held = backup.elements.map(({ element }) => element)
  const chosen = elements ?? held
  const target = to ?? `${site}.${environment}`
  const at = workflow === undefined ? Math.min(steps.indexOf(step), 2) : 3
  const place = useFocusAt(at)
  const go = (next: Step): void => void navigate({ search: (before) => ({ ...before, step: next }) })
  return (
    <>
      <Text>
        The backup of{' '}
        <b>
          {backup.site}.{backup.environment}
        </b>{' '}
        of{' '}
        <b>
          <Moment at={backup.momentAt} />
        </b>
        {backup.note !== null && `: ${backup.note}`}
      </Text>
      <div ref={place} tabIndex={-1} role="group" aria-label={`Step ${at + 1} of ${steps.length}`} style={{ outline: 'none' }}>
        <Stepper
          active={at}
          size="sm"
          iconSize={30}
          onStepClick={(next) => go(steps[next] ?? 'elements')}
          allowNextStepsSelect={false}
          aria-label="Steps of the restore"
        >
          <Stepper.Step label="Elements" allowStepSelect={at < 3 && at > 0}>
            <ElementsStep
              backup={backup}
              chosen={chosen}
              onChange={(next) => void navigate({ search: (before) => ({ ...before, elements: next }), replace: true })}
              onNext={() => go('target')}
            />
          </Stepper.Step>
          <Stepper.Step label="Target" allowStepSelect={at < 3 && at > 1}>
            <TargetStep
              backup={backup}
              target={target}
              onChange={(next) => void navigate({ search: (before) => ({ ...before, to: next }), replace: true })}
              onBack={() => go('elements')}
              onNext={() => go('changes')}
            />
          </Stepper.Step>
          <Stepper.Step label="What changes" allowStepSelect={false}>
            <ChangesStep
              key={target}
              backup={backup}
              elements={chosen}
              target={target}
              onBack={() => go('target')}
              onTarget={(next) => void navigate({ search: (before) => ({ ...before, to: next, step: 'changes' }) })}
              onStarted={(next) =>
                void navigate({ search: (before) => ({ ...before, step: 'run', workflow: next }), replace: true })
              }
            />
          </Stepper.Step>
          <Stepper.Step label="Restore" allowStepSelect={false}>
            {workflow !== undefined && <RunStep id={workflow} target={target} source={`${site}.${environment}`} />}
          </Stepper.Step>
        </Stepper>
      </div>
    </>
  )
}
