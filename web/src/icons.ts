/** Icons by the names of the protocol and of Lucide, as SVG. */

import { html, nothing, svg, type TemplateResult } from 'lit';
import { unsafeSVG } from 'lit/directives/unsafe-svg.js';
import { until } from 'lit/directives/until.js';
import {
  ArrowDown, ArrowLeft, ArrowLeftFromLine, ArrowLeftToLine, ArrowRightFromLine, ArrowRightToLine,
  ArrowUp, AtSign, Atom, Award, Book, BookMarked, BookOpen, Bot, Box, BriefcaseBusiness, Bug,
  Calendar, ChartLine, ChartNoAxesColumn, Check, ChevronDown, ChevronLeft, ChevronRight,
  ChevronsLeft, ChevronsRight, Circle, CircleCheck, CircleCheckBig, CircleEllipsis,
  CircleQuestionMark, CircleUser, Clock, Code, Compass, Copy, Dot, Download, Ellipsis,
  EllipsisVertical, ExternalLink, File as FileIcon, FileText, FlaskConical, Globe, Grid2x2,
  History as HistoryIcon, House, IdCard, Image as ImageIcon, Images, Info, KeyRound, Layers,
  LifeBuoy, Lightbulb, Mail, Map as MapIcon, MapPin, Maximize2, Menu as MenuIcon,
  MessageCircleDashed, Mic, Minimize2, Monitor, Moon, Notebook, NotebookPen, PanelLeft,
  PanelLeftClose, PanelLeftDashed, PanelLeftOpen, PanelRight, PanelRightClose, PanelRightDashed,
  PanelRightOpen, Paperclip, PartyPopper, PenLine, Pencil, Phone, Play, Plus, RotateCcw, Search,
  Settings, Share, Signature, SlidersHorizontal, Smartphone, Sparkle, Sparkles, Square,
  SquareCode, SquareMenu, SquarePen, Star, Sun, ThumbsDown, ThumbsUp, Trash2, TextQuote, TriangleAlert,
  Upload, User, X, Zap,
} from 'lucide';
import { part } from './parts';

type IconNode = readonly (readonly [string, Record<string, string | number>])[];

const BY_NAME: Record<string, unknown> = {
  agent: Bot,
  analytics: ChartNoAxesColumn,
  atom: Atom,
  batch: Layers,
  bolt: Zap,
  'book-open': BookOpen,
  'book-closed': Book,
  'book-clock': BookMarked,
  bug: Bug,
  calendar: Calendar,
  chart: ChartLine,
  check: Check,
  'check-circle': CircleCheck,
  'check-circle-filled': CircleCheckBig,
  'chevron-left': ChevronLeft,
  'chevron-right': ChevronRight,
  'circle-question': CircleQuestionMark,
  clock: Clock,
  compass: Compass,
  confetti: PartyPopper,
  cube: Box,
  desktop: Monitor,
  document: FileText,
  dot: Dot,
  'dots-horizontal': Ellipsis,
  'dots-vertical': EllipsisVertical,
  'empty-circle': Circle,
  'external-link': ExternalLink,
  globe: Globe,
  keys: KeyRound,
  lab: FlaskConical,
  images: Images,
  info: Info,
  lifesaver: LifeBuoy,
  lightbulb: Lightbulb,
  mail: Mail,
  'map-pin': MapPin,
  maps: MapIcon,
  mobile: Smartphone,
  name: Signature,
  notebook: Notebook,
  'notebook-pencil': NotebookPen,
  'page-blank': FileIcon,
  phone: Phone,
  play: Play,
  plus: Plus,
  profile: CircleUser,
  'profile-card': IdCard,
  reload: RotateCcw,
  star: Star,
  'star-filled': Star,
  search: Search,
  sparkle: Sparkle,
  'sparkle-double': Sparkles,
  'square-code': SquareCode,
  'square-image': ImageIcon,
  'square-text': SquareMenu,
  suitcase: BriefcaseBusiness,
  'settings-slider': SlidersHorizontal,
  user: User,
  wreath: Award,
  write: Pencil,
  'write-alt': PenLine,
  'write-alt2': SquarePen,
  'sidebar-left': PanelLeft,
  'sidebar-right': PanelRight,
  'sidebar-open-left': PanelLeftOpen,
  'sidebar-open-right': PanelRightOpen,
  'sidebar-open-left-alt': PanelLeftOpen,
  'sidebar-open-right-alt': PanelRightOpen,
  'sidebar-floating-left': PanelLeftDashed,
  'sidebar-floating-right': PanelRightDashed,
  'sidebar-floating-open-left': PanelLeftOpen,
  'sidebar-floating-open-right': PanelRightOpen,
  'sidebar-collapse-left': PanelLeftClose,
  'sidebar-collapse-right': PanelRightClose,
  'collapse-left': ArrowLeftToLine,
  'collapse-right': ArrowRightToLine,
  'open-left': ArrowLeftFromLine,
  'open-right': ArrowRightFromLine,
  'double-chevron-left': ChevronsLeft,
  'double-chevron-right': ChevronsRight,
  home: House,
  'home-alt': House,
  'back-small': ArrowLeft,
  'back-large': ArrowLeft,
  'expand-large': Maximize2,
  'collapse-large': Minimize2,
  'expand-small': Maximize2,
  'collapse-small': Minimize2,
  'chat-temporary': MessageCircleDashed,
  'settings-cog': Settings,
  grid: Grid2x2,
  'dots-horizontal-circle': CircleEllipsis,
  'dots-vertical-circle': CircleEllipsis,
  menu: MenuIcon,
  'menu-inverted': MenuIcon,
  hamburger: MenuIcon,
  history: HistoryIcon,
  compose: SquarePen,
  share: Share,
  'light-mode': Sun,
  'dark-mode': Moon,
  close: X,
  'arrow-down': ArrowDown,
  back: ArrowLeft,
  send: ArrowUp,
  'chevron-down': ChevronDown,
  copy: Copy,
  mic: Mic,
  attach: Paperclip,
  stop: Square,
  'thumbs-down': ThumbsDown,
  'thumbs-up': ThumbsUp,
  delete: Trash2,
  mention: AtSign,
  warning: TriangleAlert,
  download: Download,
  upload: Upload,
  code: Code,
  quote: TextQuote,
};

// Those that are the same but for being filled.
const FILLED: ReadonlySet<string> = new Set(['star-filled', 'stop']);

type IconsPart = typeof import('./parts/icons');

/** An icon; a name that is not known is looked for among all of Lucide's. */
export function icon(
  name: string | null | undefined,
  mirrored = false,
): TemplateResult | typeof nothing {
  if (!name) return nothing;
  if (Object.hasOwn(BY_NAME, name)) return drawn(BY_NAME[name] as IconNode, mirrored, FILLED.has(name));
  const others = part<IconsPart>('icons').then(
    ({ lucideIcon }) => drawn(lucideIcon(name.replace(/^lucide:/, '')), mirrored),
    () => drawn([], mirrored),
  );
  // Of the same size, so that nothing moves when it comes.
  return html`${until(others, drawn([], mirrored))}`;
}

function drawn(node: IconNode, mirrored: boolean, filled = false): TemplateResult {
  return html`<svg
    class=${mirrored ? 'icon mirrored' : 'icon'}
    viewBox="0 0 24 24"
    fill=${filled ? 'currentColor' : 'none'}
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${node.map(([tag, attributes]) => svg`${unsafeSVG(element(tag, attributes))}`)}
  </svg>`;
}

// Of Lucide's own data, never of a server's.
function element(tag: string, attributes: Record<string, string | number>): string {
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  return `<${tag} ${written.join(' ')}/>`;
}
