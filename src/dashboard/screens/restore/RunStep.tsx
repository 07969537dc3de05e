import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { environmentQuery, workflowQuery } from '../../api/queries.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { ButtonLink } from '../../parts/links.tsx'
import { WorkflowDetail } from '../../workflow/WorkflowDetail.tsx'
import { Deploy } from '../code/Deploy.tsx'
import { UndoButton } from './UndoButton.tsx'

/** Live progress, then the result, with Undo and what comes next. */
export function RunStep({ id, target, source }: { id: string; target: string; source: string }) {
  const [site = '', environment = ''] = target.split('.')
  const place = { site, environment }
  const query = useQuery(workflowQuery(id))
  const found = useQuery(environmentQuery(place)).data
  return (
    <Stack pt="md">
      <Loaded query={query}>
        {(workflow) => (
          <>
            <WorkflowDetail workflow={workflow} />
            {workflow.state === 'succeeded' && (
              <Group>
                {found?.url != null && (
                  <Button component="a" href={found.url} target="_blank" rel="noreferrer" variant="default">
                    Visit {target}
                  </Button>
                )}
                <UndoButton place={place} size="sm" />
              </Group>
            )}
            {workflow.state === 'succeeded' && environment === 'test' && found?.managed != null && source !== target && (
              <ToLive site={site} />
            )}
          </>
        )}
      </Loaded>
    </Stack>
  )
}

/** The rest of the safe path, where live can be deployed to. */
function ToLive({ site }: { site: string }) {
  const live = useQuery(environmentQuery({ site, environment: 'live' })).data
  if (live?.managed == null) return null
  return (
    <Alert color="blue" title="The rest of the safe path to live">
      <Stack gap="xs">
        <Text size="sm">Look at test now. When it is right: deploy its code to live, then clone its content into live.</Text>
        <Group>
          <Deploy place={{ site, environment: 'live' }} size="xs" />
          <ButtonLink
            to="/sites/$site/$environment/workflow"
            params={{ site, environment: 'live' }}
            search={{ part: 'clone', from: 'test' }}
            size="xs"
            variant="default"
          >
            Clone content from test to live
          </ButtonLink>
        </Group>
      </Stack>
    </Alert>
  )
}
