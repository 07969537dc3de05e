import { describeTree } from '../../src/releases/apply/randomTree.suite.ts'
import type { SmallSite } from './smallSite.ts'

/** All of a site that a restore answers for, one line a thing, in an order that does not change. */
export type Photograph = string[]

/** Every file (content, mode, owner, time to the microsecond), every table (`CHECKSUM TABLE`, definition), trigger and view. */
export async function photograph({ directory, database, mariadb }: SmallSite): Promise<Photograph> {
  const files = describeTree(directory, true).filter((line) => !line.startsWith('/.maintenance |'))
  const names = (
    await mariadb.admin(
      `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA='${database}' AND TABLE_TYPE='BASE TABLE'
        AND TABLE_NAME NOT LIKE '\\_cairn%' ORDER BY TABLE_NAME`,
    )
  )
    .split('\n')
    .filter(Boolean)
  if (names.length === 0) return files
  const tables = await mariadb.admin(
    `CHECKSUM TABLE ${names.map((name) => `\`${name}\``).join(', ')};
    ${names.map((name) => `SHOW CREATE TABLE \`${name}\`;`).join('\n')}
    SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_STATEMENT, DEFINER FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA='${database}' ORDER BY TRIGGER_NAME;
    SELECT TABLE_NAME, VIEW_DEFINITION, DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA='${database}' ORDER BY TABLE_NAME`,
    database,
  )
  // where the next row would be numbered is no content: a load sets it to what follows the highest
  return [...files, ...tables.split('\n').map((line) => line.replace(/ AUTO_INCREMENT=\d+/, ''))]
}

/** The first differences, for people; empty when there are none. */
export function differences(found: Photograph, wanted: Photograph): string[] {
  const had = new Set(found)
  const wants = new Set(wanted)
  return [
    ...wanted.filter((line) => !had.has(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wants.has(line)).map((line) => `+ ${line}`),
  ].slice(0, 12)
}
