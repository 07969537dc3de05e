import { Anchor, Badge, Breadcrumbs, Group, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Outlet, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { overviewQuery, siteQuery } from '../../api/queries.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { protectionColors, protectionOf, protectionWords } from '../sites/protection.ts'
import { useNow } from '../../parts/Moment.tsx'
import classes from './Site.module.css'

const route = getRouteApi('/shell/sites/$site')

/** One site: its environments as tabs, and below them what was chosen. */
export function Site() {
  const { site: name } = route.useParams()
  const { environment } = useParams({ strict: false })
  const query = useQuery(siteQuery(name))
  useEffect(() => {
    document.title = `${environment === undefined ? name : `${name}.${environment}`} · Cairn`
  }, [name, environment])
  return (
    <Stack gap="md">
      <Breadcrumbs>
        <AnchorLink to="/" size="sm">
          Sites
        </AnchorLink>
        <Anchor component="span" size="sm" c="dimmed" underline="never">
          {name}
        </Anchor>
      </Breadcrumbs>
      <Loaded query={query} rows={2}>
        {(site) => (
          <>
            <Group gap="sm">
              <Title order={1} size="h2">
                {site.label}
              </Title>
              {site.framework !== null && <Badge variant="default">{frameworkWords[site.framework] ?? site.framework}</Badge>}
            </Group>
            <EnvironmentTabs site={site.name} names={site.environments} current={environment} />
          </>
        )}
      </Loaded>
      <Outlet />
    </Stack>
  )
}

function EnvironmentTabs({ site, names, current }: { site: string; names: string[]; current: string | undefined }) {
  const { data } = useQuery(overviewQuery)
  const now = useNow()
  const known = data?.sites.find(({ name }) => name === site)?.environments ?? []
  return (
    <nav aria-label="Environments" className={classes['tabs']}>
      {names.map((name) => {
        const found = known.find((environment) => environment.name === name)
        const protection = found === undefined ? null : protectionOf(found, now)
        return (
          <AnchorLink
            key={name}
            to="/sites/$site/$environment/backups"
            params={{ site, environment: name }}
            className={classes['tab']}
            underline="never"
            {...(name === current ? { 'aria-current': 'page' as const } : {})}
          >
            {name}
            {protection !== null && protection !== 'protected' && protection !== 'empty' && (
              <Badge size="xs" ml={6} variant="light" color={protectionColors[protection]}>
                {protectionWords[protection]}
              </Badge>
            )}
          </AnchorLink>
        )
      })}
    </nav>
  )
}
