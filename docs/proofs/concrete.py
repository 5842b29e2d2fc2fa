# SPDX-License-Identifier: Apache-2.0
"""A model with numbers for elements: formulas are made into Python, states are sets of tuples."""

from formula import And, Atom, Equal, Exists, ForAll, Not, Or, atoms_of, relations_in

# As what a fixed relation holds: the order of the numbers.
ORDER = 'order'


class Refused(Exception):
    """An action was taken although a guard did not hold."""

    def __init__(self, action, guard):
        super().__init__(f'{action}: guard {guard} does not hold')
        self.action = action
        self.guard = guard


class Broken(Exception):
    """An invariant or an axiom does not hold."""

    def __init__(self, invariant):
        super().__init__(f'"{invariant}" does not hold')
        self.invariant = invariant


class Machine:
    """A model of a finite size that takes actions and checks guards and invariants.

    `sizes` says how many elements each sort has, `fixed` what the fixed relations hold.
    """

    def __init__(self, model, sizes, fixed):
        self.model = model
        self.sizes = sizes
        self.orders = {name for name, held in fixed.items() if held is ORDER}
        self.state = {r.name: set() for r in model.changing()}
        self.state.update({name: held for name, held in fixed.items() if held is not ORDER})
        self._functions = {}
        self._checks = {}
        self._reads = [
            (name, invariant, relations_in(invariant))
            for name, invariant in model.invariants().items()
        ]
        for name, axiom in model.axioms.items():
            if not self.holds(axiom):
                raise Broken(name)

    def holds(self, formula, environment=None):
        environment = environment or {}
        return self._function(formula, tuple(environment))(self.state, *environment.values())

    def take(self, name, arguments, unguarded=(), check=True):
        """Takes an action with numbers for its parameters, and checks what it could break."""
        action = self.model.actions[name]
        environment = {p: arguments[p.name] for p in action.parameters}
        for guard, formula in action.guards.items():
            if guard not in unguarded and not self.holds(formula, environment):
                raise Refused(name, guard)
        updates = action.updates
        for rule in action.broken:
            updates = action.broken[rule] if rule in unguarded else updates
        additions = [(u.relation, u.added(environment)) for u in updates if u.addition]
        others = [u for u in updates if not u.addition]
        new = {u.relation.name: self._tuples_after(u, environment) for u in others}
        self.state.update(new)
        for relation, added in additions:
            self.state[relation.name].add(added)
        if check:
            self._check(additions, {u.relation for u in others})

    def check_all(self):
        for name, invariant in self.model.invariants().items():
            if not self.holds(invariant):
                raise Broken(name)

    def _check(self, additions, changed):
        """The invariants that read what has changed, where that can matter."""
        whole = {r.name for r in changed}
        for name, invariant, read in self._reads:
            if whole & read:
                if not self.holds(invariant):
                    raise Broken(name)
                continue
            for relation, added in additions:
                for case, variables in self._cases(invariant, relation):
                    values = dict(zip(variables, added))
                    if all(values[v] == a for v, a in zip(variables, added)):
                        if not self.holds(case, values):
                            raise Broken(name)

    def _cases(self, invariant, relation):
        """Parts of an invariant that one more tuple of a relation can break.

        Pairs of a formula and the variables that the tuple gives values to. An invariant holds
        for all values of its variables; a new tuple touches only those for which it is read.
        """
        key = (id(invariant), relation.name)
        if key not in self._checks:
            cases = []
            if relation.name in relations_in(invariant):
                whole = isinstance(invariant, ForAll) and atoms_of(invariant.body, relation)
                if not whole:
                    cases.append((invariant, ()))
                for arguments in whole or []:
                    rest = tuple(v for v in invariant.variables if v not in arguments)
                    body = ForAll(rest, invariant.body) if rest else invariant.body
                    cases.append((body, arguments))
            self._checks[key] = cases
        return self._checks[key]

    def _tuples_after(self, update, environment):
        names = ', '.join(v.name for v in environment)
        text = (
            f'lambda S, {names}: {{{_tuple(update.places)} {self._loops(update.places)}'
            f' if {self._text(update.formula)}}}'
        )
        return self._made(update, (), text)(self.state, *environment.values())

    def _function(self, formula, variables):
        names = ''.join(f', {v.name}' for v in variables)
        return self._made(formula, variables, f'lambda S{names}: {{}}', formula)

    def _made(self, owner, variables, text, body=None):
        key = (id(owner), variables)
        if key not in self._functions:
            if body is not None:
                text = text.format(self._text(body))
            # The owner is kept, so that its identity is not given to another.
            self._functions[key] = (eval(text), owner)
        return self._functions[key][0]

    def _loops(self, variables):
        return ' '.join(f'for {v.name} in range({self.sizes[v.sort]})' for v in variables)

    def _text(self, formula):
        """The formula as a Python expression over the state `S`."""
        if isinstance(formula, Atom):
            name, arguments = formula.relation.name, formula.arguments
            if name in self.orders:
                return f'({arguments[0].name} <= {arguments[1].name})'
            return f'({_tuple(arguments)} in S[{name!r}])'
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
