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
})

/** The library's grey for what matters less is too faint for small text. */
export const readableColors: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#59636b',
    '--mantine-color-placeholder': '#6b747b',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-anchor': '#1c5441',
  },
  dark: {
    '--mantine-color-dimmed': '#a3aba8',
    '--mantine-color-placeholder': '#9aa3a0',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#8bc2ad',
  },
})
