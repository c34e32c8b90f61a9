#!/usr/bin/env python3
"""Prints the two polynomials of mathf_erf_body (src/base/mathf_body.h).

Weighted least squares on Chebyshev points at 40 digits (mpmath), reweighted towards equal ripple (Lawson):
  near 0:  erf(x) = x + x P(x^2)         0 <= x <= 0.95, relative error
  far:     1 - erf(t) = exp(t Q(t))      0.9 <= t <= 4,  absolute error of erf
The last coefficient is printed first, as Horner's rule takes them.

Run: python3 tools/fit-erf.py     (needs mpmath)
"""
from mpmath import mp, mpf, erf, erfc, log, cos, pi, matrix, lu_solve, sqrt

mp.dps = 40


def fit(f, weight, low, high, degree, n=120, rounds=30):
    xs = [(low + high) / 2 + (high - low) / 2 * cos(pi * (i + mpf(1) / 2) / n) for i in range(n)]
    lawson = [mpf(1)] * n
    for _ in range(rounds):
        a = matrix(degree + 1, degree + 1)
        b = matrix(degree + 1, 1)
        for x, l in zip(xs, lawson):
            w = l * weight(x) ** 2
            powers = [x ** k for k in range(2 * degree + 1)]
            for i in range(degree + 1):
                b[i] += w * powers[i] * f(x)
                for j in range(degree + 1):
                    a[i, j] += w * powers[i + j]
        c = lu_solve(a, b)
        errors = [abs(weight(x) * (sum(c[k] * x ** k for k in range(degree + 1)) - f(x))) for x in xs]
        total = sum(l * e for l, e in zip(lawson, errors))
        lawson = [l * e / total * n for l, e in zip(lawson, errors)]
    return c, max(errors)


def show(name, c, error):
    print(f"{name}: largest error {float(error):.3g} = 2^{float(log(error, 2)):.2f}")
    for k in reversed(range(len(c))):
        print(f"\t{float(c[k]):+.10e}f")


show("P", *fit(lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: sqrt(z) / erf(sqrt(z)), mpf("1e-9"), mpf("0.9025"), 6))
show("Q", *fit(lambda t: log(erfc(t)) / t, lambda t: t * erfc(t), mpf("0.9"), mpf(4), 7))
