# SPDX-License-Identifier: Apache-2.0
"""A trace of the protocol: JSON lines, one action each, and what one view of it needs to know."""

import json
from dataclasses import dataclass, field

# What each action has to say beside "do" and "view"; a name that ends in ? may be left out.
FIELDS = {
    'view': ('members', 'subgroups'),
    'transfer': ('node', 'from'),
    'send': ('group', 'place', 'last?'),
    'receive': ('node', 'group', 'place', 'last?'),
    'see': ('node', 'of', 'group', 'count'),
    'deliver': ('node', 'group', 'place', 'last?'),
    'wedge': ('node',),
    'begin': ('ballot',),
    'report': ('node', 'ballot', 'received', 'echo?'),
    'propose': ('ballot', 'reports', 'adopts?', 'stays', 'joins?', 'trim'),
    'echo': ('node', 'ballot'),
    'commit': ('ballot', 'echoes'),
    'conclude': ('node', 'ballot', 'group', 'place', 'last?'),
    'install': ('node', 'ballot'),
}


class Malformed(Exception):
    """A line that is no action."""


@dataclass(frozen=True)
class Decision:
    """What a proposal says; equal proposals are one decision."""

    stays: frozenset
    joins: frozenset
    trim: tuple


@dataclass
class View:
    """All that the lines of one view mention: the elements of the models' sorts."""

    members: list
    subgroups: list
    places: int
    ballots: list = field(default_factory=list)
    decisions: list = field(default_factory=list)
    parties: list = field(default_factory=list)

    def learn(self, line):
        """Adds what a line mentions and earlier ones did not."""
        if 'ballot' in line:
            _add(self.ballots, ballot(line['ballot']))
        if line['do'] == 'propose':
            _add(self.decisions, decision(line))
            _add(self.parties, frozenset(line['reports']))
        if line['do'] == 'commit':
            _add(self.parties, frozenset(line['echoes']))
        counts = [line.get('place', -1) + 1, line.get('last', -1) + 1, line.get('count', 0)]
        self.places = max(self.places, *counts, *line.get('trim', [0]))

    def rank(self, node):
        """Where the node stands among the members; strangers come last."""
        return self.members.index(node) if node in self.members else len(self.members) + node


def _add(elements, element):
    if element not in elements:
        elements.append(element)


def ballot(pair):
    return tuple(pair)


def decision(line):
    return Decision(
        frozenset(line['stays']),
        frozenset(line.get('joins', [])),
        tuple(line['trim']),
    )


def parse(text):
    """A line as a dictionary with all that its action has to say."""
    try:
        line = json.loads(text)
        fields = FIELDS[line['do']]
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(f'no action: {text.strip()[:80]}') from error
    required = {'do', 'view', *[f for f in fields if not f.endswith('?')]}
    allowed = required | {f.rstrip('?') for f in fields}
    missing, strange = required - set(line), set(line) - allowed
    if missing or strange:
        problem = f'misses {sorted(missing)}' if missing else f'does not know {sorted(strange)}'
        raise Malformed(f'{line["do"]} {problem}')
    return line


def views_of(lines):
    """What each view of a trace mentions, by its number."""
    views = {}
    for line in lines:
        if line['do'] == 'view':
            views[line['view']] = View(line['members'], line['subgroups'], 0)
        elif line['view'] not in views:
            raise Malformed(f'view {line["view"]} has not begun')
        else:
            views[line['view']].learn(line)
    for view in views.values():
        # Of two ballots of one attempt, the one of the higher rank is the later.
        if any(len(pair) != 2 for pair in view.ballots):
            raise Malformed(f'no ballots: {view.ballots}')
        view.ballots.sort(key=lambda pair: (pair[0], view.rank(pair[1])))
    return views
