import { wechat } from '@/ui/install'

// WeChat's browser saves no files and prints nothing: those have to be done outside of it, by a link.
export const outside = () => wechat
