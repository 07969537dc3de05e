import { Badge, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ScrollText } from 'lucide-react'
import type { ReactNode } from 'react'
import type { BackupView } from '../../../contract/schemas.ts'
import { backupsQuery, environmentQuery } from '../../api/queries.ts'
import { Empty } from '../../parts/Empty.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink, ButtonLink } from '../../parts/links.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { elementOrder, elementWords, triggerWords } from '../../words/elements.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { plural } from '../../words/count.ts'
import { CreateBackup } from './CreateBackup.tsx'
import { StateOfBackup } from './StateOfBackup.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/backups')
const shownMax = 5

/** Backups: whether this environment is protected, the next one by hand, and the way to the log. */
export function Backups() {
  const place = route.useParams()
  const query = useQuery(backupsQuery(place, { limit: shownMax }))
  const environment = useQuery(environmentQuery(place)).data
  const isEmpty = environment?.managed?.release === 0
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Title order={2} size="h3">
          Backups
        </Title>
        <Group gap="xs">
          <ButtonLink
            to="/sites/$site/$environment/backups/log"
            params={place}
            variant="default"
            leftSection={<ScrollText size={16} aria-hidden />}
          >
            Backup Log
          </ButtonLink>
          <CreateBackup
            place={place}
            blocked={isEmpty ? 'Nothing was deployed here yet, so there is nothing to back up' : null}
          />
        </Group>
      </Group>
      <Loaded query={query}>
        {({ backups, unfinished, total }) => {
          const [last] = backups
          if (last === undefined) {
            return (
              <Empty
                title={isEmpty ? 'Nothing is here yet' : 'No backup yet'}
                action={
                  isEmpty ? (
                    <ButtonLink to="/sites/$site/$environment/code" params={place}>
                      Deploy code
                    </ButtonLink>
                  ) : undefined
                }
              >
                {isEmpty
                  ? 'Deploy code to this environment first; files and database come along.'
                  : 'Create a backup: it takes code, files and database at one moment, and reads all of it back before it counts.'}
                {unfinished.some(({ state }) => state === 'failed') && ' The last try failed: the Backup Log says why.'}
              </Empty>
            )
          }
          return (
            <>
              <SimpleGrid cols={{ base: 1, sm: 3 }}>
                <Fact title="Last backup">
                  <Text fw={600}>
                    <Moment at={last.momentAt} only="ago" />
                  </Text>
                  <Text size="sm" c="dimmed">
                    <Moment at={last.momentAt} />, {triggerWords[last.trigger]}
                  </Text>
                </Fact>
                <Fact title="Can it be restored?">
                  <StateOfBackup backup={last} />
                  <Text size="sm" c="dimmed" mt={4}>
                    {last.state === 'proven'
                      ? 'All of it was read back and its hashes are recorded'
                      : last.state === 'damaged'
                        ? 'Reading it back failed: take another one'
                        : 'It is read back in a moment'}
                  </Text>
                </Fact>
                <Fact title="Kept">
                  <Text fw={600}>{plural(total, 'backup')}</Text>
                  <Text size="sm" c="dimmed">
                    {last.locked || last.expiresAt === null ? (
                      'the last one for ever'
                    ) : (
                      <>
                        the last one until <Moment at={last.expiresAt} only="day" />
                      </>
                    )}
                  </Text>
                </Fact>
              </SimpleGrid>
              <Newest backups={backups} />
              <AnchorLink to="/sites/$site/$environment/backups/log" params={place}>
                All of them, with downloads and Restore: Backup Log
              </AnchorLink>
            </>
          )
        }}
      </Loaded>
    </Stack>
  )
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" radius="md">
      <Text size="sm" c="dimmed" mb={4}>
        {title}
      </Text>
      {children}
    </Paper>
  )
}

function Newest({ backups }: { backups: BackupView[] }) {
  return (
    <Stack gap="sm" aria-label="The newest backups" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {backups.map((backup) => (
        <Group key={backup.id} component="li" gap="2px 12px">
          <Text size="sm" fw={500}>
            <Moment at={backup.momentAt} />
          </Text>
          <Badge size="sm" variant="default">
            {triggerWords[backup.trigger]}
          </Badge>
          <StateOfBackup backup={backup} />
          <Text size="sm" c="dimmed">
            {elementOrder
              .flatMap((element) => backup.elements.filter((held) => held.element === element))
              .map(({ element, sizeBytes }) => `${elementWords[element]} ${sizeText(sizeBytes)}`)
              .join(', ')}
          </Text>
        </Group>
      ))}
    </Stack>
  )
}
