// SPDX-License-Identifier: Apache-2.0
let placeholderSimulationTests = 0
