# SPDX-License-Identifier: Apache-2.0
"""A model with numbers for elements: formulas are made into Python, states are sets of tuples."""

from formula import And, Atom, Equal, Exists, ForAll, Not, Or, relations_in


class Refused(Exception):
    """An action was taken although a guard did not hold."""

    def __init__(self, action, guard):
        super().__init__(f'{action}: guard {guard} does not hold')
        self.action = action
        self.guard = guard


class Broken(Exception):
    """An invariant does not hold."""

    def __init__(self, invariant):
        super().__init__(f'invariant "{invariant}" does not hold')
        self.invariant = invariant


class Machine:
    """A model of a finite size that takes actions and checks guards and invariants.

    `sizes` says how many elements each sort has, `fixed` what the fixed relations hold.
    """

    def __init__(self, model, sizes, fixed):
        self.model = model
        self.sizes = sizes
        self.state = {r.name: set() for r in model.changing()}
        self.state.update({name: frozenset(tuples) for name, tuples in fixed.items()})
        self._compiled = {}
        self._readers = {}
        for name, invariant in model.invariants().items():
            for relation in relations_in(invariant):
                self._readers.setdefault(relation, []).append((name, invariant))
        for name, axiom in model.axioms.items():
            if not self.holds(axiom):
                raise Broken(name)

    def holds(self, formula, environment=None):
        environment = environment or {}
        names = tuple(v.name for v in environment)
        key = (id(formula), names)
        if key not in self._compiled:
            # The formula is kept too, so that its identity is not used again.
            self._compiled[key] = (self._compile(formula, names), formula)
        return self._compiled[key][0](self.state, *environment.values())

    def take(self, action, arguments, unguarded=(), check=True):
        """Takes an action with numbers for its parameters, and checks what could have broken."""
        action = self.model.actions[action]
        environment = {p: arguments[p.name] for p in action.parameters}
        for name, guard in action.guards.items():
            if name not in unguarded and not self.holds(guard, environment):
                raise Refused(action.name, name)
        updates = action.updates
        for rule in action.broken:
            updates = action.broken[rule] if rule in unguarded else updates
        self._update(updates, environment)
        if check:
            self.check({u.relation.name for u in updates})

    def check_all(self):
        self.check(self._readers)

    def check(self, changed):
        """The invariants that read what has changed."""
        seen = set()
        for relation in sorted(changed):
            for name, invariant in self._readers.get(relation, []):
                if name not in seen and not self.holds(invariant):
                    raise Broken(name)
                seen.add(name)

    def _update(self, updates, environment):
        new = {u.relation.name: self._tuples_after(u, environment) for u in updates}
        self.state.update(new)

    def _tuples_after(self, update, environment):
        added = update.added(environment)
        if added is not None:
            return self.state[update.relation.name] | {added}
        key = (id(update), None)
        if key not in self._compiled:
            names = [v.name for v in environment]
            body = (
                f'{{{_tuple(update.places)} {self._loops(update.places)} if '
                f'{self._text(update.formula)}}}'
            )
            self._compiled[key] = (eval(f'lambda S, {", ".join(names)}: {body}'), update)
        return self._compiled[key][0](self.state, *environment.values())

    def _compile(self, formula, names):
        return eval(f'lambda {", ".join(("S", *names))}: {self._text(formula)}')

    def _loops(self, variables):
        return ' '.join(f'for {v.name} in range({self.sizes[v.sort]})' for v in variables)

    def _text(self, formula):
        """The formula as a Python expression over the state `S`."""
        if isinstance(formula, Atom):
            return f'({_tuple(formula.arguments)} in S[{formula.relation.name!r}])'
        if isinstance(formula, Equal):
            return f'({formula.left.name} == {formula.right.name})'
        if isinstance(formula, Not):
            return f'(not {self._text(formula.body)})'
        if isinstance(formula, (And, Or)):
            word, empty = (' and ', 'True') if isinstance(formula, And) else (' or ', 'False')
            return f'({word.join(map(self._text, formula.parts)) or empty})'
        assert isinstance(formula, (ForAll, Exists))
        word = 'all' if isinstance(formula, ForAll) else 'any'
        return f'{word}({self._text(formula.body)} {self._loops(formula.variables)})'


def _tuple(variables):
    return f'({"".join(v.name + ", " for v in variables)})'


def replay(run, model, unguarded=()):
    """The machine after a run that was found by search; raises where it is not possible."""
    machine = Machine(model, run.sizes, run.fixed)
    for step in run.steps:
        machine.take(step.action, step.arguments, unguarded, check=False)
    return machine
