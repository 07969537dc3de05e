import { Button, Group, Radio, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { SiteOverview } from '../../../contract/overviewSchemas.ts'
import type { BackupView } from '../../../contract/schemas.ts'
import { overviewQuery } from '../../api/queries.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
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
  const [site = '', environment = ''] = target.split('.')
  return (
    <Stack pt="md">
      <Loaded query={query}>
        {({ sites }) => {
          const own = sites.filter(({ name }) => name === backup.site)
          const others = sites.filter(({ name, framework }) => name !== backup.site && framework === own[0]?.framework)
          return (
            <>
              <Radio.Group label="Where does it go?" value={target} onChange={onChange}>
                <Stack mt="xs" gap="sm">
                  {placesOf(own).map(({ site, environment, name }) => {
                    const reason = whyNot('environment.restore', site, environment)
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
              {others.length > 0 && (
                <Select
                  label="Or an environment of another site"
                  placeholder="None"
                  searchable
                  limit={100}
                  maw={420}
                  data={placesOf(others).map(({ site, environment, name }) => ({
                    value: name,
                    label: name,
                    disabled: whyNot('environment.restore', site, environment) !== null,
                  }))}
                  value={target.startsWith(`${backup.site}.`) ? null : target}
                  onChange={(chosen) => onChange(chosen ?? `${backup.site}.${backup.environment}`)}
                />
              )}
            </>
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
        <ActionButton action="environment.restore" site={site} environment={environment} onClick={onNext}>
          Next
        </ActionButton>
      </Group>
    </Stack>
  )
}

const placesOf = (sites: readonly SiteOverview[]): { site: string; environment: string; name: string }[] =>
  sites.flatMap((site) =>
    site.environments.map(({ name }) => ({ site: site.name, environment: name, name: `${site.name}.${name}` })),
  )

function describe(backup: BackupView, site: string, environment: string): string {
  if (site === backup.site && environment === backup.environment) return 'Where it was taken'
  return environment === 'live' ? 'The live site' : 'To look at it first, and go on from there'
}
