/** One directory of the machine and where it stands inside the element. */
export interface TreeRoot {
  /** Absolute and canonical: no component is a link */
  directory: string
  /** Path inside the element; empty for its top */
  at: string
}

/** Leaves entries out, with the reason that the person sees. Paths are relative to the element's top. */
export interface ExcludeRule {
  /** Exactly this entry and all below it */
  path?: string
  /** `*` and `?` within a component, `**` across; without a slash it is matched against each name at any depth */
  glob?: string
  reason: string
}

/** Where an element is read from: roots that do not overlap inside the element, what is left out, what is secret. */
export interface TreeSource {
  roots: TreeRoot[]
  exclude: ExcludeRule[]
  /** Paths inside the element of files that hold credentials */
  secretPaths: string[]
}
