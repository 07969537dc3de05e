import { SimpleGrid } from '@mantine/core'
import { Plus } from 'lucide-react'
import { LinkedAction } from '../../parts/LinkedAction.tsx'
import { Page } from '../../parts/Page.tsx'
import { useMe } from '../../session/useSession.ts'
import { PasswordForm } from './PasswordForm.tsx'
import { ProfileForm } from './ProfileForm.tsx'
import { SessionList } from './SessionList.tsx'
import { TokenList } from './TokenList.tsx'

/** Account: who one is, the password, machine tokens, and where one is logged in. */
export function Account() {
  const me = useMe()
  if (me === null) return null
  return (
    <Page
      title="Account"
      about={me.email}
      buttons={
        <LinkedAction action="site.create" to="/sites/new" leftSection={<Plus size={16} aria-hidden />}>
          Create A New Site
        </LinkedAction>
      }
    >
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <ProfileForm me={me} />
        <PasswordForm me={me} />
      </SimpleGrid>
      <TokenList />
      <SessionList />
    </Page>
  )
}
