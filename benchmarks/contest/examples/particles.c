/* A contestant in C: particles of problem "ou" by Euler and Maruyama, dX = (w X + b) dt + nu dW.
 *
 *     python -m benchmarks.contest export --problem ou DIR
 *     cc -O2 -o particles particles.c -lm
 *     ./particles DIR/ou.toml 100000 200 1 > out.csv      (particles, steps, seed)
 *     python -m benchmarks.contest score ou out.csv
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* Uniform in (0, 1): the generator splitmix64 of Steele, Lea and Flood. */
static double uniform(void) {
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* A standard normal number, by Box and Muller. */
static double normal(void) {
    double radius = sqrt(-2.0 * log(uniform()));
    return radius * cos(6.283185307179586 * uniform());
}

/* The number of a line "key = number" in a section; "" are the lines before the first. */
static double number(const char *path, const char *section, const char *key) {
    char line[4096], now[64] = "", name[64];
    double value;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "[%63[^]]]", now) == 1) continue;
        if (strcmp(now, section) == 0 && sscanf(line, "%63s = %lf", name, &value) == 2 && strcmp(name, key) == 0) {
            fclose(file);
            return value;
        }
    }
    fprintf(stderr, "%s: no %s in [%s]\n", path, key, section);
    exit(2);
}

int main(int count, char **given) {
    if (count != 5) {
        fprintf(stderr, "usage: particles PROBLEM.toml PARTICLES STEPS SEED\n");
        return 2;
    }
    long particles = atol(given[2]), steps = atol(given[3]);
    state = (uint64_t)atol(given[4]);
    double w = number(given[1], "", "weight"), b = number(given[1], "", "bias"), nu = number(given[1], "", "nu");
    double mean = number(given[1], "start", "mean"), deviation = number(given[1], "start", "deviation");
    double dt = number(given[1], "", "until") / (double)steps, spread = nu * sqrt(dt);
    puts("x");
    for (long i = 0; i < particles; i++) {
        double x = mean + deviation * normal();
        for (long k = 0; k < steps; k++) x += (w * x + b) * dt + spread * normal();
        printf("%.17g\n", x);
    }
    return 0;
}
