/** What is advised before live is restored: only what can be done there. */
export interface SafePath {
  says: string
  /** Restoring to test is a part of it */
  byTest: boolean
}

/** @param live whether it is managed: only then code is deployed to it, and content cloned into it */
export function safePath({ isManaged, hasTest }: { isManaged: boolean; hasTest: boolean }): SafePath {
  if (!hasTest) {
    return {
      says: 'This site has no test to try it on. See below what will change; with a backup of the present state, and with Undo, what is there now can be brought back.',
      byTest: false,
    }
  }
  const rest = isManaged ? 'then deploy the code to live and clone the content into it' : 'and restore live only then'
  return { says: `The safe path is to restore to test, look at it there, ${rest}.`, byTest: true }
}
