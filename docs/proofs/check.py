# SPDX-License-Identifier: Apache-2.0
"""Proves one model, and shows that the proof is about something.

check.py NAME           audit, proof, named states, every guard taken out in turn, the twin
check.py NAME --runs    for every load-bearing guard, a run that ends badly without it
"""

import importlib
import sys
from time import monotonic

import concrete
from formula import And
from prover import alternations, cycle, first_failure, prove
from search import find_run, shortened


class Failure(Exception):
    """Something that was to be shown does not hold."""


def require(truth, text):
    if not truth:
        raise Failure(text)


def check_decidable(model):
    edges = alternations(model)
    found = cycle(edges)
    require(found is None, f'the sorts {found} govern one another: the solver may not end')
    shown = ', '.join(f'{one}→{other}' for one, other in sorted(edges)) or 'none'
    print(f'  decidable: quantifiers over sorts alternate without a cycle ({shown})')


def check_proof(model):
    results = prove(model)
    wrong = [f'{c.action} / {c.invariant}: {answer}' for c, answer in results if answer != 'proved']
    require(not wrong, 'not proved: ' + '; '.join(wrong))
    print(f'  proved: {len(results)} conditions, for any number of {", ".join(model.sorts)}')
    for name in model.properties:
        print(f'    - {name}')
    print(f'    with {len(model.lemmas)} lemmas')


def check_states(model):
    for state in model.states:
        run = find_run(model, state.search.instance, state.formula, state.search.steps)
        require(run, f'no run reaches: {state.name}')
        machine = concrete.replay(run, model)
        require(machine.holds(state.formula), f'the run does not reach: {state.name}')
        machine.check_all()
        print(f'  reached: {state.name}')


def check_guards(model):
    """Each guard is taken out: the proof breaks, or the model says that it does not."""
    guards = model.guards()
    for name in (*model.unnecessary, *model.without_run, model.twin):
        require(name in guards, f'{name} is no guard')
    for guard in guards:
        failure = first_failure(model, guard)
        if guard in model.unnecessary:
            require(
                failure is None,
                f'{guard} is said to be unnecessary; without it '
                f'"{failure and failure[0].invariant}" is not proved',
            )
        else:
            require(failure, f'{guard} is said to be load-bearing; all is proved without it')
            require(failure[1] == 'fails', f'without {guard} the solver gives no answer')
    needed = len(guards) - len(model.unnecessary)
    print(f'  guards: {needed} break the proof when they are taken out')
    print(f'    proved unnecessary: {", ".join(model.unnecessary) or "none"}')


def bad_run(model, guard):
    """The shortest run known, without `guard`, to a broken property, and that property."""
    broken = ~And(tuple(model.properties.values()))
    for search in model.searches:
        run = find_run(model.without(guard), search.instance, broken, search.steps)
        if run is None:
            continue
        name = next(
            n
            for n, p in model.properties.items()
            if not concrete.replay(run, model, [guard]).holds(p)
        )
        run = shortened(
            run,
            lambda r: not concrete.replay(r, model, [guard]).holds(model.properties[name]),
            concrete.Refused,
        )
        require_refusal(run, model, guard, name)
        return run, name
    return None


def require_refusal(run, model, guard, name):
    """With the guard, the bad run is refused; where it is a rule, the property holds."""
    try:
        machine = concrete.replay(run, model)
        require(machine.holds(model.properties[name]), f'{guard} does not prevent the run')
    except concrete.Refused as refusal:
        require(refusal.guard == guard, f'the run is refused by {refusal.guard}, not {guard}')


def show(model, run, indent='      '):
    for name, tuples in run.fixed.items():
        if name in model.shown:
            print(f'{indent}{name}: {sorted(tuples)}')
    for number, step in enumerate(run.steps, 1):
        given = ', '.join(f'{p} {v}' for p, v in run.described(model, step))
        print(f'{indent}{number:2}. {step.action}: {given}')


def check_twin(model):
    found = bad_run(model, model.twin)
    require(found, f'no bad run without {model.twin}')
    run, name = found
    print(f'  twin without {model.twin}: after {len(run.steps)} steps not "{name}"')
    show(model, run)


def check_runs(model):
    for guard in model.guards():
        if guard in model.unnecessary:
            continue
        found = bad_run(model, guard)
        if guard in model.without_run:
            require(found is None, f'{guard} has a run now: say so in the model')
            print(f'  without {guard}: a lemma breaks; no bad run within the sizes searched')
            continue
        require(found, f'no bad run without {guard}')
        print(f'  without {guard}: after {len(found[0].steps)} steps not "{found[1]}"')
        show(model, found[0])


def main(arguments):
    name, *options = arguments
    model = importlib.import_module(name).MODEL
    began = monotonic()
    print(f'{name}:')
    checks = (
        [check_runs]
        if options == ['--runs']
        else [check_decidable, check_proof, check_states, check_guards, check_twin]
    )
    try:
        for check in checks:
            check(model)
    except Failure as failure:
        print(f'{name}: FAILED: {failure}')
        return 1
    print(f'{name}: passed in {monotonic() - began:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
