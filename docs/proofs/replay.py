#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a trace of the code against the guards and invariants of the models.

replay.py TRACE...      JSON lines; the format is told in README.md; - is standard input
"""

import sys
from collections import Counter

import trim
from concrete import ORDER, Broken, Machine, Refused
from tracefile import Malformed, ballot, decision, parse, views_of


class ViewReplay:
    """One view of a trace, as a finite instance of the view change."""

    def __init__(self, view):
        self.view = view
        self.taken = Counter()
        members, decisions = view.members, view.decisions
        self.trim = Machine(
            trim.MODEL,
            {
                'node': len(members),
                'ballot': len(view.ballots),
                'party': len(view.parties),
                'decision': len(decisions),
                'group': len(view.subgroups),
                'seq': view.places,
            },
            {
                'ballot_at_most': ORDER,
                'seq_at_most': ORDER,
                'inside': _pairs(view.parties, lambda party: party & set(members), members, True),
                'majority': {
                    (i,)
                    for i, party in enumerate(view.parties)
                    if 2 * len(party & set(members)) > len(members)
                },
                'stays': _pairs(decisions, lambda d: d.stays & set(members), members),
                'receiver': _pairs(view.subgroups, set, members, True),
                'within': {
                    (i, group, place)
                    for i, d in enumerate(decisions)
                    for group, count in enumerate(d.trim)
                    for place in range(count)
                },
            },
        )

    def take(self, line):
        """Takes the line's action; raises `Refused` or `Broken`."""
        getattr(self, '_' + line['do'])(line)

    def _one(self, action, **arguments):
        self.trim.take(action, arguments)
        self.taken[f'trim {action}'] += 1

    def _node(self, number):
        if number not in self.view.members:
            raise Malformed(f'node {number} is no member of the view')
        return self.view.members.index(number)

    def _ballot(self, line):
        return self.view.ballots.index(ballot(line['ballot']))

    def _places(self, line):
        return range(line['place'], line.get('last', line['place']) + 1)

    def _proposal(self, number, guard):
        """The decision that was proposed in a ballot."""
        for b, d in self.trim.state['proposed']:
            if b == number:
                return d
        raise Refused('echo, conclude or install', guard)

    def _send(self, line):
        for place in self._places(line):
            self._one('send', g=line['group'], m=place)

    def _receive(self, line):
        for place in self._places(line):
            node = self._node(line['node'])
            self._one('receive', n=node, g=line['group'], m=place)

    def _see(self, line):
        node, of, group = self._node(line['node']), self._node(line['of']), line['group']
        for place in range(line['count']):
            if (node, of, group, place) not in self.trim.state['seen']:
                self._one('see', o=node, n=of, g=group, m=place)

    def _deliver(self, line):
        for place in self._places(line):
            node = self._node(line['node'])
            self._one('deliver', n=node, g=line['group'], m=place)

    def _wedge(self, line):
        self._one('wedge', n=self._node(line['node']))

    def _begin(self, line):
        self._one('begin', b=self._ballot(line))

    def _report(self, line):
        node, number = self._node(line['node']), self._ballot(line)
        self._one('report', n=node, b=number)
        # The models take the report from the member's own state; the line has to say the same.
        for group, count in enumerate(line['received']):
            held = {m for n, g, m in self.trim.state['received'] if (n, g) == (node, group)}
            if held != set(range(count)):
                raise Refused('report', 'report.received')
        echoes = [a for n, a in self.trim.state['echoed'] if n == node]
        told = line.get('echo')
        if (ballot(told) if told else None) != (self.view.ballots[max(echoes)] if echoes else None):
            raise Refused('report', 'report.echo')

    def _propose(self, line):
        number = self._ballot(line)
        chosen = {
            'b': number,
            'p': self.view.parties.index(frozenset(line['reports'])),
            'd': self.view.decisions.index(decision(line)),
        }
        if line.get('adopts') is None:
            self._one('propose fresh', **chosen)
            return
        adopted = ballot(line['adopts'])
        if adopted not in self.view.ballots:
            raise Refused('propose again', 'propose.echoed')
        earlier = self.view.ballots.index(adopted)
        reported = self.trim.state['reported_echo']
        inside = [n for n, p in self.trim.state['inside'] if p == chosen['p']]
        witness = next((n for n in inside if (n, number, earlier) in reported), 0)
        self._one('propose again', **chosen, n=witness, e=earlier)

    def _echo(self, line):
        node, number = self._node(line['node']), self._ballot(line)
        self._one('echo', n=node, b=number, d=self._proposal(number, 'echo.proposed'))

    def _commit(self, line):
        party = self.view.parties.index(frozenset(line['echoes']))
        self._one('commit', b=self._ballot(line), p=party)

    def _conclude(self, line):
        node, number = self._node(line['node']), self._ballot(line)
        d = self._proposal(number, 'deliver.committed')
        for place in self._places(line):
            self._one('conclude', n=node, b=number, d=d, g=line['group'], m=place)

    def _install(self, line):
        node, number = self._node(line['node']), self._ballot(line)
        self._one('install', n=node, b=number, d=self._proposal(number, 'install.committed'))

    def outcome(self):
        """The decision of the view; None before it is committed."""
        committed = {b for (b,) in self.trim.state['committed']}
        for b, d in sorted(self.trim.state['proposed']):
            if b in committed:
                return self.view.decisions[d]
        return None


def _pairs(elements, told, others, reverse=False):
    """The tuples (number of element, number of other) for what each element tells."""
    pairs = [
        (i, others.index(other))
        for i, element in enumerate(elements)
        for other in told(element)
        if other in others
    ]
    return {(other, i) for i, other in pairs} if reverse else set(pairs)


class Course:
    """The views of a trace, one after the other."""

    def __init__(self, views):
        self.views = views
        self.replays = {}
        self.complete = {}
        self.taken = Counter()

    def take(self, line):
        number = line['view']
        if line['do'] == 'view':
            self._begin(number, set(line['members']))
        elif line['do'] == 'transfer':
            self._transfer(line)
        else:
            self.replays[number].take(line)

    def _begin(self, number, members):
        """A view follows from the decision before it, and somebody brings the state along.

        The receivers of the first subgroup keep the state that is looked at here.
        """
        keepers = set(self.views[number].subgroups[0])
        if not self.replays:
            self.complete[number] = keepers
        else:
            self._follow(number, members, keepers)
        self.replays[number] = ViewReplay(self.views[number])

    def _follow(self, number, members, keepers):
        before = self.replays.get(number - 1)
        outcome = before.outcome() if before else None
        if outcome is None:
            raise Refused('view', 'install.committed')
        if members != outcome.stays | outcome.joins:
            raise Refused('view', 'view.members')
        holders = self.complete[number - 1] & outcome.stays & keepers
        if not holders:
            raise Refused('view', 'propose.holder')
        all_keep = keepers == members and set(before.view.subgroups[0]) == set(before.view.members)
        if all_keep and 2 * len(holders) < len(members):
            raise Refused('view', 'join.holders')
        self.complete[number] = holders

    def _transfer(self, line):
        complete = self.complete[line['view']]
        if line['from'] not in complete:
            raise Refused('transfer', 'transfer.complete')
        complete.add(line['node'])
        self.taken['views transfer'] += 1

    def actions(self):
        return sum((r.taken for r in self.replays.values()), self.taken)


def replay(texts):
    """Replays the lines of a trace; returns how often each action was taken.

    Raises `Miss` at the first line that the models do not allow.
    """
    lines = []
    for number, text in enumerate(texts, 1):
        try:
            lines.append(parse(text))
        except Malformed as error:
            raise Miss(number, text, str(error)) from error
    try:
        course = Course(views_of(lines))
    except (Malformed, TypeError) as error:
        raise Miss(0, '', f'the trace as a whole: {error}') from error
    for number, line in enumerate(lines, 1):
        try:
            course.take(line)
        except (Refused, Broken, Malformed) as error:
            raise Miss(number, texts[number - 1], str(error), error) from error
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise Miss(number, texts[number - 1], f'no action: {error!r}') from error
    return course.actions()


class Miss(Exception):
    """A line of a trace that the models do not allow."""

    def __init__(self, number, text, why, cause=None):
        super().__init__(f'line {number}: {why}\n  {text.strip()}')
        self.number = number
        self.cause = cause


def main(paths):
    total = Counter()
    for path in paths:
        try:
            with sys.stdin if path == '-' else open(path, encoding='utf-8') as trace:
                total += replay(trace.readlines())
        except (Miss, OSError) as error:
            print(f'replay: {path}: {error}', file=sys.stderr)
            return 1
    for action, count in sorted(total.items()):
        print(f'{count:9} {action}')
    print(f'{sum(total.values()):9} actions in {len(paths)} traces, 0 misses')
    return 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
