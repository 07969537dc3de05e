import { Button, Group, Radio, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { BackupView } from '../../../contract/schemas.ts'
import { overviewQuery } from '../../api/queries.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { LinkedAction } from '../../parts/LinkedAction.tsx'
import { useRights } from '../../session/useSession.ts'

interface Props {
  backup: BackupView
  /** `site.env` */
  target: string
  onChange: (target: string) => void
  onBack: () => void
  onNext: () => void
}

/** An environment of the site, one of another site, or a new site. */
export function TargetStep({ backup, target, onChange, onBack, onNext }: Props) {
  const query = useQuery(overviewQuery)
  const { whyNot } = useRights()
  return (
    <Stack pt="md">
      <Loaded query={query}>
        {({ sites }) => {
          const own = sites.filter(({ name }) => name === backup.site)
          const others = sites.filter(({ name, framework }) => name !== backup.site && framework === own[0]?.framework)
          const places = [...own, ...others.slice(0, 30)].flatMap((site) =>
            site.environments.map((environment) => ({ site: site.name, environment: environment.name })),
          )
          return (
            <Radio.Group label="Where does it go?" value={target} onChange={onChange}>
              <Stack mt="xs" gap="sm">
                {places.map(({ site, environment }) => {
                  const reason = whyNot('environment.restore', site, environment)
                  const name = `${site}.${environment}`
                  return (
                    <Radio
                      key={name}
                      value={name}
                      label={name}
                      disabled={reason !== null}
                      description={reason ?? describe(backup, site, environment)}
                    />
                  )
                })}
              </Stack>
            </Radio.Group>
          )
        }}
      </Loaded>
      <Group>
        <Text size="sm">Or leave everything as it is, and look at it in</Text>
        <LinkedAction
          action="site.create"
          to="/sites/new"
          search={{ way: 'backup', backup: backup.id }}
          size="xs"
          variant="default"
        >
          a new site
        </LinkedAction>
      </Group>
      <Group justify="space-between">
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
        <Button onClick={onNext}>Next</Button>
      </Group>
    </Stack>
  )
}

function describe(backup: BackupView, site: string, environment: string): string {
  if (site === backup.site && environment === backup.environment) return 'Where it was taken'
  if (environment === 'live') return 'The live site'
  return site === backup.site ? 'To look at it first, and go on from there' : 'Another site'
}
