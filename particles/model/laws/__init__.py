"""Probability laws on the line: pdf, cdf, quantile, moments, sampling by inversion, sampling constant of W1.

Closed families in which noisy models rest or move (arXiv 2001.04294, 4.1.1), some with heavy tails:

================  ==============================================  ====================================================
family            density, up to a constant                       where it comes from
================  ==============================================  ====================================================
Lognormal         x^(-1) exp(-(ln x - m)^2/(2 v))                 identity, K = x, b = 0, at every time
InverseGamma      x^(-1-mu) e^(-beta/x)                           identity, K = x: mu = 1 - 2 w/nu^2, beta = 2 b/nu^2
GeneralisedGamma  x^(kappa-1) e^(-(x/theta)^delta)                lognormal family, K = x
SechPower         sech^p(r (x - c))                               tanh, K = 1: r = -w, c = -b/w, p = 2/(r nu^2)
ReluSteady        x^(-2), times (y e^(1-y))^p at y = a/x > 1      ReLU, K = x, w < 0 < b: a = -b/w, p = -2 w/nu^2
Pareto            x^(-1-mu) on x >= start                         the same with a reflecting wall at a; mu = 1
================  ==============================================  ====================================================

The paper prints mu = 1 + 2 w/nu^2, and Pareto's law on the whole line for ReLU; neither is stationary. Every law has
its survival function P(X > x) without cancellation, which keeps the tail where 1 - F rounds to zero; the sampling
constant of W1 of a law with P(X > x) ~ x^(-mu), mu just above 2, lives there.
"""
