import { Anchor, type AnchorProps, Button, type ButtonProps, Menu, type MenuItemProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

type Html = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'style'> & { ref?: Ref<HTMLAnchorElement> }

/** The library's parts, as links of the router: they have an address, and open in a new tab as any link does. */
export const AnchorLink = createLink((props: Omit<AnchorProps, 'href'> & Html) => <Anchor {...props} />)
export const ButtonLink = createLink((props: Omit<ButtonProps, 'href'> & Html) => <Button component="a" {...props} />)
export const MenuLink = createLink((props: Omit<MenuItemProps, 'href'> & Html) => <Menu.Item component="a" {...props} />)
