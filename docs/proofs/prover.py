# SPDX-License-Identifier: Apache-2.0
"""Proofs for any number of nodes: every invariant holds at the start and is kept by each action."""

from dataclasses import dataclass

import z3

from formula import And, Atom, Equal, Exists, ForAll, Not, Or, relations_in

LIMIT_MILLISECONDS = 60_000


class Symbols:
    """A model's sorts and relations as the solver's: sorts of any size, relations unknown."""

    def __init__(self, model):
        self.model = model
        self.sorts = {name: z3.DeclareSort(name) for name in model.sorts}
        self.functions = {}
        for r in model.relations.values():
            domain = [self.sorts[s] for s in r.sorts]
            self.functions[r.name] = z3.Function(r.name, *domain, z3.BoolSort())
        self.count = 0

    def constant(self, variable):
        self.count += 1
        return z3.Const(f'{variable.name}!{self.count}', self.sorts[variable.sort])

    def before(self, relation, values):
        """A relation before an action."""
        return self.functions[relation.name](*values)

    def start(self, relation, values):
        """A relation in the first state."""
        return self.before(relation, values) if relation.fixed else z3.BoolVal(False)

    def after(self, action, environment):
        """Relations after an action, told by what was before it."""
        updates = {u.relation.name: u for u in action.updates}

        def lookup(relation, values):
            update = updates.get(relation.name)
            if update is None:
                return self.before(relation, values)
            places = {**environment, **dict(zip(update.places, values))}
            return self.read(update.formula, places, self.before)

        return lookup

    def read(self, formula, environment, lookup):
        """The formula for the solver. `lookup` says what an atom means."""
        if isinstance(formula, Atom):
            return lookup(formula.relation, [environment[a] for a in formula.arguments])
        if isinstance(formula, Equal):
            return environment[formula.left] == environment[formula.right]
        if isinstance(formula, Not):
            return z3.Not(self.read(formula.body, environment, lookup))
        if isinstance(formula, (And, Or)):
            join = z3.And if isinstance(formula, And) else z3.Or
            return join([self.read(part, environment, lookup) for part in formula.parts])
        assert isinstance(formula, (ForAll, Exists))
        values = [self.constant(v) for v in formula.variables]
        inner = {**environment, **dict(zip(formula.variables, values))}
        quantifier = z3.ForAll if isinstance(formula, ForAll) else z3.Exists
        return quantifier(values, self.read(formula.body, inner, lookup))


@dataclass(frozen=True)
class Condition:
    """`goal` has to follow from `premises`: an invariant, at the start or after an action."""

    action: str
    invariant: str
    premises: list
    goal: object


def conditions(model, actions=None, at_start=True):
    """All conditions of a model, or those of `actions` alone."""
    symbols = Symbols(model)
    axioms = [symbols.read(f, {}, symbols.before) for f in model.axioms.values()]
    held = [symbols.read(f, {}, symbols.before) for f in model.invariants().values()]
    if at_start:
        for name, formula in model.invariants().items():
            yield Condition('start', name, axioms, symbols.read(formula, {}, symbols.start))
    for action in model.actions.values() if actions is None else actions:
        environment = {p: symbols.constant(p) for p in action.parameters}
        guards = [symbols.read(f, environment, symbols.before) for f in action.guards.values()]
        premises = axioms + held + guards
        after = symbols.after(action, environment)
        changed = {u.relation.name for u in action.updates}
        for name, formula in model.invariants().items():
            # What reads nothing that changes goes on to hold.
            if not changed & relations_in(formula):
                continue
            yield Condition(action.name, name, premises, symbols.read(formula, {}, after))


def answer(condition):
    """`proved`, `fails`, or `unknown`."""
    solver = z3.Solver()
    solver.set('timeout', LIMIT_MILLISECONDS)
    solver.add(*condition.premises)
    solver.add(z3.Not(condition.goal))
    return {'unsat': 'proved', 'sat': 'fails'}.get(str(solver.check()), 'unknown')


def prove(model):
    """Pairs of condition and answer for the whole model."""
    return [(c, answer(c)) for c in conditions(model)]


def first_failure(model, guard):
    """The first condition that no longer holds without `guard`; nil where all still do."""
    actions = [a.without(guard) for a in model.actions_with(guard)]
    for condition in conditions(model, actions, at_start=False):
        result = answer(condition)
        if result != 'proved':
            return condition, result
    return None


def alternations(model):
    """Pairs of sorts (one, other) where some `for all one` governs an `exists other`.

    The solver's search ends for certain where these pairs have no cycle.
    """
    edges = set()
    for condition in conditions(model):
        for premise in condition.premises:
            _walk(premise, True, frozenset(), edges)
        _walk(condition.goal, False, frozenset(), edges)
    return edges


def _walk(term, positive, universal, edges):
    if z3.is_quantifier(term):
        sorts = {term.var_sort(i).name() for i in range(term.num_vars())}
        if term.is_forall() == positive:
            _walk(term.body(), positive, universal | sorts, edges)
        else:
            edges.update((u, s) for u in universal for s in sorts)
            _walk(term.body(), positive, universal, edges)
    elif z3.is_not(term):
        _walk(term.arg(0), not positive, universal, edges)
    elif z3.is_and(term) or z3.is_or(term):
        for part in term.children():
            _walk(part, positive, universal, edges)
    else:
        # Formulas are read with these connectives alone; the rest are atoms and equalities.
        assert all(not z3.is_bool(part) for part in term.children())


def cycle(edges):
    """Some cycle among the pairs, as a list of sorts; nil where there is none."""
    targets = {}
    for one, other in sorted(edges):
        targets.setdefault(one, []).append(other)

    def visit(sort, path):
        if sort in path:
            return path[path.index(sort) :] + [sort]
        for other in targets.get(sort, []):
            found = visit(other, path + [sort])
            if found:
                return found
        return None

    return next((c for c in (visit(s, []) for s in targets) if c), None)
