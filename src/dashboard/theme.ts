import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

const moss: MantineColorsTuple = [
  '#eef6f3',
  '#dcebe5',
  '#b5d7ca',
  '#8bc2ad',
  '#68b094',
  '#52a585',
  '#2c7a5f',
  '#24664f',
  '#1c5441',
  '#0f4232',
]

export const theme = createTheme({
  primaryColor: 'moss',
  primaryShade: { light: 7, dark: 6 },
  colors: { moss },
  autoContrast: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  // the page has one banner: a <header> in a window is none, though it would count as one
  components: { ModalHeader: { defaultProps: { role: 'none' } }, DrawerHeader: { defaultProps: { role: 'none' } } },
})

/** White words stand on it */
const filledRed = { '--mantine-color-red-filled': '#c92a2a', '--mantine-color-red-filled-hover': '#b02525' }

/** The library's grey for what matters less, and its colours on their own light grounds, are too faint for small text. */
export const readableColors: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...filledRed,
    '--mantine-color-dimmed': '#59636b',
    '--mantine-color-placeholder': '#6b747b',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-anchor': '#1c5441',
    '--mantine-color-orange-text': '#a33a06',
    '--mantine-color-red-text': '#b02525',
    ...onLight({ teal: '#065c43', red: '#a31f1f', orange: '#8a3404', yellow: '#6b4a00', blue: '#124a80', gray: '#3d444a' }),
  },
  dark: {
    ...filledRed,
    '--mantine-color-dimmed': '#a3aba8',
    '--mantine-color-placeholder': '#9aa3a0',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#8bc2ad',
  },
})

function onLight(colors: Record<string, string>): Record<`--${string}`, string> {
  return Object.fromEntries(Object.entries(colors).map(([name, color]) => [`--mantine-color-${name}-light-color`, color]))
}
