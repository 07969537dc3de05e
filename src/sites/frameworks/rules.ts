import type { Framework } from '../../contract/words.ts'
import { backdropRules } from './backdrop.ts'
import { drupal7Rules } from './drupal7.ts'
import { drupal8Rules } from './drupal8.ts'
import type { FrameworkRules } from './framework.ts'
import { wordpressNetworkRules, wordpressRules } from './wordpressRules.ts'

/** Every framework that Cairn knows. Adding one is adding a file, and a sign in `detect/signs.ts`. */
const rules: Record<Framework, FrameworkRules> = {
  wordpress: wordpressRules,
  wordpress_network: wordpressNetworkRules,
  drupal7: drupal7Rules,
  drupal8: drupal8Rules,
  backdrop: backdropRules,
}

export function rulesOf(framework: Framework): FrameworkRules {
  return rules[framework]
}
