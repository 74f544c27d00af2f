/** What the composer itself offers among the commands. */

import type { Ui } from '../ui';
import type { Choices } from './composer-choices';
import type { Dictation } from './composer-dictation';
import type { BuiltIn } from './suggestions';

export interface ComposerActions {
  choices: Choices;
  dictation: Dictation;
  /** Null where no files are taken. */
  pickFiles: (() => void) | null;
  startMention: () => void;
}

export function builtInCommands(ui: Ui, actions: ComposerActions): BuiltIn[] {
  const { options, strings } = ui;
  const { choices, dictation, pickFiles, startMention } = actions;
  const commands: BuiltIn[] = [];
  if (pickFiles) {
    commands.push({ id: 'attach', label: strings.attachFiles, icon: 'attach', run: pickFiles });
  }
  for (const { id, label, icon } of options.composer.tools) {
    commands.push({ id: `tool:${id}`, label, icon, run: () => choices.chooseTool(id) });
  }
  for (const { id, label, disabled } of options.composer.models) {
    const run = (): void => choices.chooseModel(id);
    if (!disabled) commands.push({ id: `model:${id}`, label, icon: 'sparkle', run });
  }
  if (options.entities.onTagSearch) {
    commands.push({ id: 'mention', label: strings.mention, icon: 'mention', run: startMention });
  }
  if (dictation.isOffered) {
    const run = (): void => void dictation.start();
    commands.push({ id: 'dictate', label: strings.startDictation, icon: 'mic', run });
  }
  return commands;
}
