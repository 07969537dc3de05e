import { join } from 'node:path'
import { unreachable } from '../../../base/failure.ts'
import type { Run } from '../../../base/run.ts'
import type { Framework } from '../../../contract/words.ts'
import { configureBackdrop } from './backdrop.ts'
import { openCodeTree } from './codeTree.ts'
import { configureDrupal7 } from './drupal7.ts'
import { configureDrupal8 } from './drupal8.ts'
import { configureWordPress } from './wordpress.ts'

/** What is known of the code of a release, all paths relative to it ('' for itself). */
export interface CodeFacts {
  framework: Framework
  docroot: string
  coreDirectory: string
  /** WordPress's `wp-content`, Drupal's `sites/<directory>` */
  contentDirectory: string
  /** Of the database's tables, where it is known; null leaves what the code says */
  tablePrefix: string | null
  /** What the code says */
  ownTablePrefix: string | null
  /** Where the site looks for its files, and what of the files tree stands there ('' for all of it) */
  links: { at: string; to: string }[]
}

export interface Configured {
  /** What was made anew, relative to the code: no part of the site's code, left out of its archives */
  made: string[]
  /** All that is not as the commit has it, also where it changed something of the commit's */
  touched: string[]
}

/**
 * Writes into the exported code of a release what belongs to the environment: the links to its files, and the configuration
 * that the framework needs beside what `prepend.php` hands over. The history stays as it came.
 *
 * What the code itself says stays in force where the environment has no say; code without a configuration gets one.
 *
 * @param filesTree relative to the environment's directory: `files/<id>`
 * @throws {Failure} PREFLIGHT_REFUSED
 */
export function configureCode(code: string, facts: CodeFacts, filesTree: string, run: Run): Configured {
  const tree = openCodeTree(code)
  try {
    const made: string[] = []
    for (const { at, to } of facts.links) {
      if (tree.kind(at) === 'directory' || tree.kind(at) === 'file') {
        run.warn({
          code: 'FILES_IN_CODE',
          element: 'code',
          message: `"${at}" of the code is left out: the files of the environment stand there`,
          path: at,
        })
      }
      // the code is three levels below the environment, and the link as deep in it as it is
      tree.link(at, join('../'.repeat(at.split('/').length + 2), filesTree, to))
      made.push(at)
    }
    made.push(...configureFramework(tree, facts))
    return { made, touched: tree.touched() }
  } finally {
    tree.close()
  }
}

function configureFramework(tree: ReturnType<typeof openCodeTree>, facts: CodeFacts): string[] {
  switch (facts.framework) {
    case 'wordpress':
    case 'wordpress_network':
      return configureWordPress(tree, facts)
    case 'drupal7':
      return configureDrupal7(tree, facts)
    case 'drupal8':
      return configureDrupal8(tree, facts)
    case 'backdrop':
      return configureBackdrop(tree, facts)
    default:
      return unreachable(facts.framework)
  }
}
