import { Button, Code, Collapse, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { workflowLogQuery } from '../api/queries.ts'

/** The log, asked for when it is wanted, and again with every change. */
export function WorkflowLog({ workflow }: { workflow: WorkflowView }) {
  const [opened, { toggle }] = useDisclosure()
  const { data } = useQuery({ ...workflowLogQuery(workflow.id, workflow.revision), enabled: opened })
  return (
    <div>
      <Button variant="default" size="xs" onClick={toggle} aria-expanded={opened}>
        {opened ? 'Hide the log' : 'Show the log'}
      </Button>
      <Collapse expanded={opened}>
        {data?.length === 0 && (
          <Text size="sm" c="dimmed" mt="xs">
            Nothing was logged.
          </Text>
        )}
        {data !== undefined && data.length > 0 && (
          <Code block mt="xs" tabIndex={0} aria-label="Log" style={{ maxHeight: 320, overflow: 'auto' }}>
            {data
              .map(({ at, level, message }) => `${at.slice(11, 19)} ${level === 'info' ? '' : `${level}: `}${message}`)
              .join('\n')}
          </Code>
        )}
      </Collapse>
    </div>
  )
}
