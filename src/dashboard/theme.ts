import { createTheme, type MantineColorsTuple } from '@mantine/core'

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
