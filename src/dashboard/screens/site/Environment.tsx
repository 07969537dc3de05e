import { Alert, Button, Group, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Outlet, useLocation } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import { Fragment } from 'react'
import { environmentQuery, jobsQuery } from '../../api/queries.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { isOpen, workflowTitle } from '../../words/workflow.ts'
import { CurrentStep } from '../../workflow/CurrentStep.tsx'
import { UndoButton } from '../restore/UndoButton.tsx'
import classes from './Site.module.css'

const route = getRouteApi('/shell/sites/$site/$environment')

const parts = [
  { to: '/sites/$site/$environment/code', label: 'Code', ends: '/code' },
  { to: '/sites/$site/$environment/backups', label: 'Backups', ends: '/backups' },
  { to: '/sites/$site/$environment/workflow', label: 'Workflow', ends: '/workflow' },
  { to: '/sites/$site/$environment/settings', label: 'Settings', ends: '/settings' },
] as const

/** One environment: its parts, what runs on it now, and the button to visit it. */
export function Environment() {
  const place = route.useParams()
  const query = useQuery(environmentQuery(place))
  const { pathname } = useLocation()
  const base = `/sites/${place.site}/${place.environment}`
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <nav aria-label="Parts of the environment" className={classes['parts']}>
          {parts.map(({ to, label, ends }) => (
            <AnchorLink
              key={to}
              to={to}
              params={place}
              className={classes['part']}
              underline="never"
              {...(pathname.startsWith(base + ends) ? { 'aria-current': 'page' as const } : {})}
            >
              {label}
            </AnchorLink>
          ))}
        </nav>
        <Group gap="xs">
          <UndoButton place={place} />
          {query.data?.url != null && query.data.managed?.release !== 0 && (
            <Button
              component="a"
              href={query.data.url}
              target="_blank"
              rel="noreferrer"
              variant="default"
              size="xs"
              rightSection={<ExternalLink size={14} aria-hidden />}
            >
              Visit {place.environment}
            </Button>
          )}
        </Group>
      </Group>
      <Running site={place.site} environment={place.environment} />
      <Fragment key={base}>
        {/* nothing that was typed or shown for one environment is taken along to another */}
        <Loaded query={query}>{() => <Outlet />}</Loaded>
      </Fragment>
    </Stack>
  )
}

function Running({ site, environment }: { site: string; environment: string }) {
  const { data: jobs = [] } = useQuery(jobsQuery)
  const here = jobs.filter((job) => isOpen(job) && job.site === site && job.environment === environment)
  return here.map((job) => (
    <Alert key={job.id} color="blue" variant="light" title={workflowTitle(job.kind)}>
      <CurrentStep workflow={job} />
      <AnchorLink to="/workflows/$id" params={{ id: job.id }} size="sm">
        Follow it
      </AnchorLink>
    </Alert>
  ))
}
