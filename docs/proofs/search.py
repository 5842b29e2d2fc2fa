# SPDX-License-Identifier: Apache-2.0
"""Looks for a run of a model of a small size that ends in a wanted state."""

from dataclasses import dataclass, replace
from itertools import product

import z3

from formula import And, Atom, Equal, Exists, ForAll, Not, Or


@dataclass(frozen=True)
class Step:
    action: str
    # Names of parameters, with numbers of elements.
    arguments: dict


@dataclass(frozen=True)
class Run:
    """A run of an instance: what is fixed in it, as sets of tuples, and its steps."""

    sizes: dict
    fixed: dict
    steps: tuple

    def described(self, model, step):
        """The arguments of a step with the sorts of its parameters."""
        parameters = model.actions[step.action].parameters
        return [(p.sort, step.arguments[p.name]) for p in parameters]


class Expansion:
    """A model of a finite size, with each atom at each time as a Boolean of the solver."""

    def __init__(self, model, instance):
        self.model = model
        self.instance = instance
        self.atoms = {}

    def atom(self, relation, values, time):
        meaning = self.instance.meanings.get(relation.name)
        if meaning is not None:
            return bool(meaning(*values))
        if time == 0 and not relation.fixed:
            return False
        key = (relation.name, values, None if relation.fixed else time)
        if key not in self.atoms:
            self.atoms[key] = z3.Bool(f'{relation.name}{values}@{key[2]}')
        return self.atoms[key]

    def tuples(self, sorts):
        return product(*[range(self.instance.sizes[s]) for s in sorts])

    def read(self, formula, environment, time):
        """True, False, or a term of the solver: what is known stays with Python."""
        if isinstance(formula, Atom):
            values = tuple(environment[a] for a in formula.arguments)
            return self.atom(formula.relation, values, time)
        if isinstance(formula, Equal):
            return environment[formula.left] == environment[formula.right]
        if isinstance(formula, Not):
            return negation(self.read(formula.body, environment, time))
        if isinstance(formula, (And, Or)):
            return join(
                isinstance(formula, And),
                (self.read(part, environment, time) for part in formula.parts),
            )
        assert isinstance(formula, (ForAll, Exists))
        cases = self.tuples(v.sort for v in formula.variables)
        return join(
            isinstance(formula, ForAll),
            (
                self.read(formula.body, {**environment, **dict(zip(formula.variables, case))}, time)
                for case in cases
            ),
        )


def negation(term):
    return not term if isinstance(term, bool) else z3.Not(term)


def join(is_and, terms):
    """And or or, which stops at the first term that decides it."""
    left = []
    for term in terms:
        if isinstance(term, bool):
            if term != is_and:
                return term
        else:
            left.append(term)
    if not left:
        return is_and
    return (z3.And if is_and else z3.Or)(left)


def find_run(model, instance, wanted, depth, seconds=600):
    """A run of at most `depth` steps to a state in which `wanted` holds.

    None where there is none of this length; raises `TimeoutError` where the search was cut short.
    """
    space = Expansion(model, instance)
    solver = z3.SolverFor('QF_FD')
    solver.set('timeout', seconds * 1000)
    for axiom in model.axioms.values():
        solver.add(space.read(axiom, {}, 0))
    steps = [
        (action, case)
        for action in model.actions.values()
        for case in space.tuples(p.sort for p in action.parameters)
    ]
    chosen = []
    for time in range(depth):
        chosen.append(_add_step(solver, space, steps, time))
        if time > 0:
            # Nothing happens only at the end, so that runs of all lengths are one search.
            solver.add(z3.Implies(chosen[time - 1][None], chosen[time][None]))
    solver.add(space.read(wanted, {}, depth))
    result = str(solver.check())
    if result == 'unknown':
        raise TimeoutError(f'no answer within {seconds} s')
    return _run(solver.model(), space, steps, chosen) if result == 'sat' else None


def shortened(run, is_wanted, refusal):
    """The run without the steps that it can do without; `refusal` is what a bad run raises."""

    def still_good(candidate):
        try:
            return is_wanted(candidate)
        except refusal:
            return False

    for number in reversed(range(len(run.steps))):
        candidate = replace(run, steps=run.steps[:number] + run.steps[number + 1 :])
        if still_good(candidate):
            run = candidate
    return run


def _add_step(solver, space, steps, time):
    """Says what one step may do; returns the Booleans that choose it, with None for no step."""
    choices = {None: z3.Bool(f'none@{time}')}
    writers = {}
    for number, (action, case) in enumerate(steps):
        environment = dict(zip(action.parameters, case))
        guard = join(True, (space.read(g, environment, time) for g in action.guards.values()))
        if guard is False:
            continue
        choice = choices[number] = z3.Bool(f'step {number}@{time}')
        solver.add(z3.Implies(choice, guard))
        for update in action.updates:
            for values in space.tuples(update.relation.sorts):
                places = {**environment, **dict(zip(update.places, values))}
                new = space.read(update.formula, places, time)
                old = space.atom(update.relation, values, time)
                if not _is_same(new, old):
                    key = (update.relation.name, values)
                    writers.setdefault(key, []).append(choice)
                    later = space.atom(update.relation, values, time + 1)
                    solver.add(z3.Implies(choice, later == new))
    for relation in space.model.changing():
        for values in space.tuples(relation.sorts):
            kept = space.atom(relation, values, time + 1) == space.atom(relation, values, time)
            solver.add(z3.Or(*writers.get((relation.name, values), []), kept))
    solver.add(z3.PbEq([(choice, 1) for choice in choices.values()], 1))
    return choices


def _is_same(new, old):
    if isinstance(new, bool) or isinstance(old, bool):
        return new is old
    return new.eq(old)


def _run(found, space, steps, chosen):
    taken = []
    for choices in chosen:
        for number, choice in choices.items():
            if number is not None and z3.is_true(found.eval(choice)):
                action, case = steps[number]
                taken.append(
                    Step(action.name, {p.name: value for p, value in zip(action.parameters, case)})
                )
    fixed = {}
    for relation in space.model.relations.values():
        if relation.fixed:
            fixed[relation.name] = frozenset(
                values
                for values in space.tuples(relation.sorts)
                if z3.is_true(found.eval(_term(space.atom(relation, values, 0))))
            )
    return Run(space.instance.sizes, fixed, tuple(taken))


def _term(value):
    return z3.BoolVal(value) if isinstance(value, bool) else value
