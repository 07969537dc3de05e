import { Badge, Group, Text } from '@mantine/core'
import type { EnvironmentOverview } from '../../../contract/overviewSchemas.ts'
import { AnchorLink } from '../../parts/links.tsx'
import { Moment, useNow } from '../../parts/Moment.tsx'
import { plural } from '../../words/count.ts'
import { protectionColors, protectionOf, protectionWords } from './protection.ts'

/** One environment: whether it is protected, by a backup of when, and what is wrong. */
export function EnvironmentChip({ site, environment }: { site: string; environment: EnvironmentOverview }) {
  const { name, lastBackup, failedSince } = environment
  const protection = protectionOf(environment, useNow())
  return (
    <Group gap={6} wrap="nowrap" align="baseline">
      <AnchorLink to="/sites/$site/$environment/backups" params={{ site, environment: name }} size="sm" fw={600} miw={40}>
        {name}
      </AnchorLink>
      <Badge size="sm" variant="light" color={protectionColors[protection]} style={{ flexShrink: 0 }}>
        {protectionWords[protection]}
      </Badge>
      <Text size="xs" c="dimmed" component="span">
        {lastBackup !== null && (
          <>
            <Moment at={lastBackup.momentAt} only="ago" />
            {lastBackup.state === 'proven' ? ', proven' : lastBackup.state === 'damaged' ? ', damaged' : ', not proven yet'}
            {lastBackup.warnings > 0 && `, ${plural(lastBackup.warnings, 'warning')}`}
          </>
        )}
        {failedSince !== null && (
          <>
            {lastBackup !== null && '; '}
            <AnchorLink to="/workflows/$id" params={{ id: failedSince.workflow }} size="xs">
              the last try failed
            </AnchorLink>
          </>
        )}
      </Text>
    </Group>
  )
}
