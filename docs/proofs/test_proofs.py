# SPDX-License-Identifier: Apache-2.0
"""Tests of the checkers themselves: what is wrong is found, what is right is let through."""

import json
import re
import unittest
from pathlib import Path

import z3

import sst
import step
import trim
import views
from concrete import ORDER, Broken, Machine, Refused
from formula import equal, exists, forall, implies, variables
from model import Instance, Model
from prover import alternations, cycle, first_failure, prove
from replay import Miss, replay
from search import find_run, shortened

HERE = Path(__file__).resolve().parent
GOOD = (HERE / 'good.jsonl').read_text().splitlines()


def lock_model():
    """At most one node holds a lock."""
    n, o = variables('node', 'n o')
    model = Model('lock', ('node',))
    holds = model.relation('holds node')
    model.action('take', [n], {'take.free': forall(o, ~holds(o))}, [holds.gains(n)])
    model.action('drop', [n], {}, [holds.becomes(o, holds(o) & ~equal(o, n))])
    model.properties['one holder'] = forall(n, o, implies(holds(n) & holds(o), equal(n, o)))
    return model, holds


class ProverTests(unittest.TestCase):
    def test_a_correct_model_is_proved(self):
        model, _ = lock_model()
        self.assertEqual({answer for _, answer in prove(model)}, {'proved'})

    def test_a_missing_guard_is_found(self):
        model, _ = lock_model()
        condition, answer = first_failure(model, 'take.free')
        self.assertEqual((condition.action, answer), ('take', 'fails'))

    def test_a_property_that_the_start_breaks_is_found(self):
        model, holds = lock_model()
        (n,) = variables('node', 'n')
        model.properties['somebody holds'] = exists(n, holds(n))
        failed = {(c.action, c.invariant) for c, answer in prove(model) if answer != 'proved'}
        self.assertIn(('start', 'somebody holds'), failed)

    def test_a_cycle_of_quantifiers_is_found(self):
        model, holds = lock_model()
        n, o = variables('node', 'n o')
        pairs = model.relation('pairs node node')
        self.assertIsNone(cycle(alternations(model)))
        model.lemmas['everybody has one'] = forall(n, exists(o, pairs(n, o) | ~holds(n)))
        self.assertEqual(cycle(alternations(model)), ['node', 'node'])

    def test_a_formula_is_no_truth_value(self):
        _, holds = lock_model()
        (n,) = variables('node', 'n')
        with self.assertRaises(TypeError):
            holds(n) and holds(n)

    def test_sorts_are_checked(self):
        (n,) = variables('node', 'n')
        with self.assertRaises(TypeError):
            trim.sent(n, n)


class SearchTests(unittest.TestCase):
    def test_a_bad_run_is_found_shortened_and_refused_with_the_guard(self):
        model, _ = lock_model()
        bad = ~model.properties['one holder']
        size = Instance({'node': 2}, {})
        self.assertIsNone(find_run(model, size, bad, 6))
        run = find_run(model.without('take.free'), size, bad, 6)

        def is_bad(candidate):
            return self.machine(model, candidate, ['take.free']).holds(bad)

        run = shortened(run, is_bad, Refused)
        self.assertEqual([s.action for s in run.steps], ['take', 'take'])
        with self.assertRaises(Refused):
            self.machine(model, run, [])

    def machine(self, model, run, unguarded):
        machine = Machine(model, run.sizes, run.fixed)
        for taken in run.steps:
            machine.take(taken.action, taken.arguments, unguarded, check=False)
        return machine


class MachineTests(unittest.TestCase):
    def test_a_broken_invariant_is_found_where_it_breaks(self):
        model, _ = lock_model()
        machine = Machine(model, {'node': 3}, {})
        machine.take('take', {'n': 1})
        with self.assertRaises(Broken) as raised:
            machine.take('take', {'n': 2}, unguarded=['take.free'])
        self.assertEqual(raised.exception.invariant, 'one holder')

    def test_a_false_axiom_is_found(self):
        sizes = {'node': 1, 'ballot': 1, 'party': 2, 'decision': 1, 'group': 1, 'seq': 1}
        fixed = {
            'ballot_at_most': ORDER,
            'seq_at_most': ORDER,
            'receiver': set(),
            'within': set(),
            'stays': set(),
            'inside': {(0, 0)},
            'majority': {(0,), (1,)},
        }
        with self.assertRaises(Broken) as raised:
            Machine(trim.MODEL, sizes, fixed)
        self.assertEqual(raised.exception.invariant, 'majorities.meet')

    def test_checking_what_changed_finds_what_checking_all_finds(self):
        """Breaks each guard of the view change in a bad run of its own, checked in both ways."""
        model = trim.MODEL
        for guard in ('receive.sent', 'see.received', 'deliver.stable', 'propose.trim'):
            bad = ~model.properties[
                {
                    'receive.sent': 'nothing comes from nowhere',
                    'propose.trim': 'who stays holds the trim',
                }.get(guard, 'stable means received by all')
            ]
            run = find_run(model.without(guard), trim.small(1, 1), bad, 12)
            machine = Machine(model, run.sizes, run.fixed)
            with self.assertRaises(Broken, msg=guard):
                for taken in run.steps:
                    machine.take(taken.action, taken.arguments, [guard])
                    machine.check_all()
            quick = Machine(model, run.sizes, run.fixed)
            with self.assertRaises(Broken, msg=guard):
                for taken in run.steps:
                    quick.take(taken.action, taken.arguments, [guard])


def changed(old, **new):
    """The good trace with a line told by some of its text, changed."""
    found = [i for i, line in enumerate(GOOD) if all(part in line for part in old)]
    assert found, old
    lines = list(GOOD)
    lines[found[0]] = json.dumps({**json.loads(lines[found[0]]), **new})
    return lines


def before(old, *actions, drop=False):
    """The good trace up to a line told by some of its text, and then these actions."""
    found = next(i for i, line in enumerate(GOOD) if all(part in line for part in old))
    return GOOD[: found + (not drop)] + [json.dumps({'view': 1, **a}) for a in actions]


FRESH = {
    'do': 'propose',
    'ballot': [1, 2],
    'reports': [0, 1, 2],
    'stays': [0, 1],
    'joins': [3],
    'trim': [2],
}
AGAIN = {**FRESH, 'ballot': [2, 0], 'reports': [0, 1], 'adopts': [1, 2]}
DECIDED = ['"propose"', '[1, 2]']
DELIVERED = ['"deliver"']
COMMITTED = ['"commit"']

# One trace for each guard, good up to the line that breaks it.
BAD = {
    'receive.sent': before(['"send"'], {'do': 'receive', 'node': 0, 'group': 0, 'place': 5}),
    'receive.receiver': [GOOD[0].replace('[[0, 1, 2]]', '[[0, 1]]'), *GOOD[1:]],
    'receive.unwedged': before(
        ['"wedge"', '"node": 2'], {'do': 'receive', 'node': 2, 'group': 0, 'place': 1}
    ),
    'receive.inOrder': before(['"send"'], {'do': 'receive', 'node': 0, 'group': 0, 'place': 1}),
    'see.received': before(DELIVERED, {'do': 'see', 'node': 0, 'of': 2, 'group': 0, 'count': 2}),
    'deliver.received': before(DELIVERED, {'do': 'deliver', 'node': 2, 'group': 0, 'place': 1}),
    'deliver.stable': before(DELIVERED, {'do': 'deliver', 'node': 0, 'group': 0, 'place': 1}),
    'deliver.inOrder': before(
        COMMITTED, {'do': 'conclude', 'node': 1, 'ballot': [2, 0], 'group': 0, 'place': 1}
    ),
    'report.begun': before(
        ['"wedge"', '"node": 2'],
        {'do': 'report', 'node': 2, 'ballot': [1, 2], 'received': [1]},
    ),
    'report.newer': before(
        ['"report"', '"node": 0', '[2, 0]'],
        {'do': 'report', 'node': 0, 'ballot': [1, 2], 'received': [2]},
    ),
    'report.wedged': before(
        ['"begin"', '[1, 2]'],
        {'do': 'report', 'node': 0, 'ballot': [1, 2], 'received': [2]},
    ),
    'report.received': changed(['"report"', '"node": 1', '[1, 2]'], received=[1]),
    'report.echo': changed(['"report"', '"node": 1', '[2, 0]'], echo=None),
    'propose.once': before(DECIDED, {**FRESH, 'stays': [1]}),
    'propose.reported': before(['"begin"', '[2, 0]'], {**FRESH, 'ballot': [2, 0]}),
    'propose.majority': changed(DECIDED, reports=[2], stays=[2], trim=[1]),
    'propose.adopts': changed(['"propose"', '"adopts"'], adopts=None),
    'propose.reporters': changed(DECIDED, reports=[1, 2], stays=[0, 1]),
    'propose.trim': changed(DECIDED, stays=[0, 1, 2]),
    'propose.whole': changed(DECIDED, trim=[0]),
    'propose.echoed': changed(['"propose"', '"adopts"'], stays=[1]),
    'propose.latest': before(
        COMMITTED,
        {'do': 'begin', 'ballot': [3, 0]},
        {
            'do': 'report',
            'node': 0,
            'ballot': [3, 0],
            'received': [2],
            'echo': [2, 0],
        },
        {
            'do': 'report',
            'node': 1,
            'ballot': [3, 0],
            'received': [2],
            'echo': [2, 0],
        },
        {**AGAIN, 'ballot': [3, 0]},
    ),
    'echo.proposed': before(DECIDED, {'do': 'echo', 'node': 0, 'ballot': [1, 2]}, drop=True),
    'echo.promised': before(['"propose"', '"adopts"'], {'do': 'echo', 'node': 0, 'ballot': [1, 2]}),
    'commit.echoed': before(
        ['"propose"', '"adopts"'], {'do': 'commit', 'ballot': [2, 0], 'echoes': [0, 1]}
    ),
    'commit.majority': before(
        ['"echo"', '"node": 0', '[2, 0]'], {'do': 'commit', 'ballot': [2, 0], 'echoes': [0]}
    ),
    'deliver.committed': before(
        ['"echo"', '"node": 1', '[2, 0]'],
        {'do': 'conclude', 'node': 1, 'ballot': [2, 0], 'group': 0, 'place': 0},
    ),
    'deliver.trimmed': before(
        COMMITTED,
        {'do': 'send', 'group': 0, 'place': 2},
        {'do': 'conclude', 'node': 1, 'ballot': [2, 0], 'group': 0, 'place': 2},
    ),
    'install.committed': before(
        ['"echo"', '"node": 1', '[2, 0]'], {'do': 'install', 'node': 0, 'ballot': [2, 0]}
    ),
    'install.stays': before(COMMITTED, {'do': 'install', 'node': 2, 'ballot': [2, 0]}),
    'install.holds': before(COMMITTED, {'do': 'install', 'node': 0, 'ballot': [2, 0]}),
    'view.members': changed(['"view": 2', '"view"'], members=[0, 1, 2]),
    'join.holders': [
        line.replace('"joins": [3]', '"joins": [3, 4, 5]').replace('[0, 1, 3]', '[0, 1, 3, 4, 5]')
        for line in GOOD
    ],
    'propose.holder': [
        line.replace('"subgroups": [[0, 1, 3]]', '"subgroups": [[3]]') for line in GOOD
    ],
    'transfer.complete': changed(['"transfer"'], **{'from': 3}),
}

# Guards that no trace can break alone, or that a trace does not show.
NOT_SEEN = {
    'echo.holds': 'propose.trim sees to it that who stays holds the trim',
}


class ReplayTests(unittest.TestCase):
    def test_a_good_trace_passes(self):
        taken = replay(GOOD)
        self.assertEqual(taken['trim install'], 2)
        self.assertEqual(taken['trim propose again'], 1)

    def test_each_guard_is_missed(self):
        for guard, lines in BAD.items():
            with self.subTest(guard), self.assertRaises(Miss) as raised:
                replay(lines)
            cause = raised.exception.cause
            self.assertIsInstance(cause, Refused, f'{guard}: {raised.exception}')
            self.assertEqual(cause.guard, guard, str(raised.exception))

    def test_every_guard_has_a_bad_trace(self):
        self.assertEqual(set(trim.MODEL.guards()) - set(BAD), set(NOT_SEEN))

    def test_a_line_that_is_no_action_is_named(self):
        for line in (
            '{"do": "dance"}',
            'send',
            '[]',
            '{"do": "wedge", "view": 1}',
            '{"do": "wedge", "view": 1, "node": 1, "why": 2}',
            '{"do": "wedge", "view": 7, "node": 1}',
            '{"do": "wedge", "view": 1, "node": 9}',
            '{"do": "send", "view": 1, "group": 0, "place": "first"}',
            '{"do": "report", "view": 1, "node": 0, "ballot": [], "received": 7}',
        ):
            with self.subTest(line), self.assertRaises(Miss):
                replay([*GOOD, line])


class GuardNameTests(unittest.TestCase):
    def test_guards_that_the_code_names_are_guards_of_the_models(self):
        """A comment `guard: NAME, …` in the sources says where guards of the models are kept."""
        known = {name for model in (sst, trim, step, views) for name in model.MODEL.guards()}
        for path in (HERE.parent.parent / 'Sources').rglob('*.swift'):
            lists = re.findall(r'\bguard: (\w+\.\w+(?:, \w+\.\w+)*)', path.read_text())
            named = {name for names in lists for name in names.split(', ')}
            self.assertLessEqual(named, known, str(path))


class CountingTests(unittest.TestCase):
    """What `views.py` calls join.holders, as code counts it."""

    heirs, newcomers, party = z3.Ints('heirs newcomers party')
    sizes = [heirs >= 0, newcomers >= 0, 2 * party > heirs + newcomers]

    def test_a_majority_is_more_than_the_newcomers_while_they_are_at_most_as_many(self):
        solver = z3.Solver()
        solver.add(*self.sizes, self.newcomers <= self.heirs, self.party <= self.newcomers)
        self.assertEqual(solver.check(), z3.unsat)

    def test_with_one_newcomer_more_it_need_not_be(self):
        solver = z3.Solver()
        solver.add(*self.sizes, self.newcomers == self.heirs + 1, self.party <= self.newcomers)
        self.assertEqual(solver.check(), z3.sat)


if __name__ == '__main__':
    unittest.main()
