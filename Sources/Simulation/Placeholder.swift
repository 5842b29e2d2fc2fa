// SPDX-License-Identifier: Apache-2.0
let placeholderSimulation = 0
