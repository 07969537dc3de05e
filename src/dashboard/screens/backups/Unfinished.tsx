import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { WorkflowView } from '../../../contract/workSchemas.ts'
import { AnchorLink } from '../../parts/links.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { StateBadge } from '../../parts/StateBadge.tsx'
import { isOpen } from '../../words/workflow.ts'

/** Tries of the last week that came to nothing; those under way stand above already. */
export function Unfinished({ workflows }: { workflows: WorkflowView[] }) {
  const [shown, setShown] = useState(3)
  const ended = workflows.filter((workflow) => !isOpen(workflow))
  if (ended.length === 0) return null
  return (
    <Alert color="orange" variant="light" title="Backups that came to nothing">
      <Stack gap={4}>
        {ended.slice(0, shown).map((workflow) => (
          <Group key={workflow.id} gap="xs">
            <StateBadge state={workflow.state} />
            <Text size="sm">
              <Moment at={workflow.createdAt} />
            </Text>
            <Text size="sm" className="anywhere">
              {workflow.failure?.message}
            </Text>
            <AnchorLink to="/workflows/$id" params={{ id: workflow.id }} size="sm">
              Why
            </AnchorLink>
          </Group>
        ))}
        {ended.length > shown && (
          <Button size="xs" variant="default" w="fit-content" onClick={() => setShown(ended.length)}>
            All {ended.length}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
